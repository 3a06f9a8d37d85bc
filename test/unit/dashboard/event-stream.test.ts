import fc from 'fast-check';
import { expect, it } from 'vitest';
import { EventStreamParser, type StreamMessage } from '../../../src/dashboard/client/event-stream.js';

function parse(parts: readonly string[]): StreamMessage[] {
  const parser = new EventStreamParser();
  return parts.flatMap((part) => parser.push(part));
}

it('reads messages as the HTML standard has them', () => {
  const text =
    ': comment\n\nid: 7\nevent: job\ndata: one\ndata:two\n\ndata\n\nevent: nothing\n\nretry: 10\ndata: last\r\n\r\n';
  expect(parse([text])).toEqual([
    { lastEventId: '7', event: 'job', data: 'one\ntwo' },
    { lastEventId: '7', event: 'message', data: '' },
    { lastEventId: '7', event: 'message', data: 'last' },
  ]);
});

it('reads the same however the stream was cut', () => {
  const line = fc.constantFrom('id: 4', 'event: job', 'data: {"a":1}', ': hello', '', 'data:x', 'id');
  const ending = fc.constantFrom('\n', '\r\n', '\r');
  const text = fc.array(fc.tuple(line, ending)).map((lines) => `${lines.flat().join('')}data: end\n\n\n`);
  fc.assert(
    fc.property(text, fc.array(fc.nat(200), { maxLength: 8 }), (whole, cuts) => {
      const places = [0, ...cuts.map((cut) => cut % whole.length), whole.length].sort((a, b) => a - b);
      const parts = places.slice(1).map((place, index) => whole.slice(places[index], place));
      expect(parse(parts)).toEqual(parse([whole]));
    }),
  );
});

it('gives up on a message without an end', () => {
  const parser = new EventStreamParser();
  expect(() => {
    for (let part = 0; part < 100; part += 1) parser.push(`data: ${'x'.repeat(100_000)}\n`);
  }).toThrow(RangeError);
});
