import { expect, test } from 'vitest';
import { type Job, refuseUnsoundOrder } from '../../../src/scheduling/index.js';
import { testJob } from '../../support/small-night.js';

const WAVES = ['one', 'two'].map((name) => ({ name, window: null }));

function refuse(jobs: readonly Job[]): () => void {
  return () => refuseUnsoundOrder(jobs, WAVES);
}

test.each<[string, Job[], RegExp]>([
  ['a wave that is not there', [testJob('a', { wave: 'three' })], /a is in wave three, which does not exist/],
  [
    'a machine that is not moved',
    [testJob('a', { wave: 'one', after: ['x'] })],
    /a comes after x, which is not/,
  ],
  [
    'a machine of a later wave',
    [testJob('a', { wave: 'one', after: ['b'] }), testJob('b', { wave: 'two' })],
    /a comes after b, which is in the later wave two/,
  ],
  ['itself', [testJob('a', { wave: 'one', after: ['a'] })], /after itself/],
  [
    'itself by way of others',
    [
      testJob('free', { wave: 'one' }),
      testJob('a', { wave: 'one', after: ['c', 'free'] }),
      testJob('b', { wave: 'one', after: ['a'] }),
      testJob('c', { wave: 'one', after: ['b'] }),
    ],
    /comes, by way of others, after itself/,
  ],
])('refuses what waits for %s', (_, jobs, message) => {
  expect(refuse(jobs)).toThrow(message);
});

test('takes any order that comes to an end, however long', () => {
  const chain = Array.from({ length: 20_000 }, (_, index) =>
    testJob(`vm${index}`, { wave: index < 9 ? 'one' : 'two', after: index === 0 ? [] : [`vm${index - 1}`] }),
  );
  expect(refuse(chain.toReversed())).not.toThrow();
  expect(
    refuse([testJob('a', { wave: 'one', after: ['b', 'b'] }), testJob('b', { wave: 'one' })]),
  ).not.toThrow();
});
