import { describe, expect, it } from 'vitest';
import { openNbd } from '../../../src/nbd/index.js';
import { failureOf } from '../../support/failure.js';

describe('an NBD URI', () => {
  it.each([
    ['nbds://host/disk', 'TLS'],
    ['nbds+unix:///disk?socket=/s', 'TLS'],
    ['nbd+unix:///disk', 'socket'],
    ['nbd+unix:///disk?socket=', 'socket'],
    ['nbd://user:s3cret@host/disk', 'password'],
    ['nbd://host/%E0%A4%A', 'not an NBD URI'],
    ['https://user:s3cret@host/disk', 'password'],
    ['nbd//user:s3cret@host/disk', 'not an NBD URI'],
  ])('%s is refused, and no secret is told', async (uri, reason) => {
    const failure = await failureOf(openNbd(uri, { truncatedCode: 'VMDK_TRUNCATED' }));
    expect(failure.code).toBe('CONFIG_INVALID');
    expect(failure.message).toContain(reason);
    expect(`${failure.stack}${JSON.stringify(failure)}`).not.toContain('s3cret');
  });

  it.each([
    'nbd://127.0.0.1:1/disk',
    'nbd+unix:///disk?socket=/nowhere/socket',
  ])('%s where nobody listens is unreadable, and named', async (uri) => {
    const failure = await failureOf(openNbd(uri, { truncatedCode: 'VMDK_TRUNCATED' }));
    expect(failure).toMatchObject({ code: 'SOURCE_UNREADABLE', place: { file: uri } });
  });
});
