import { describe, expect, it } from 'vitest';
import { hostUrl } from '../../../src/xapi/host-address.js';

describe('the address of a host', () => {
  it.each([
    ['10.0.0.2', 'https://pool', 'https://10.0.0.2'],
    ['10.0.0.2', 'https://pool:8443', 'https://10.0.0.2:8443'],
    ['10.0.0.2:9443', 'https://pool:8443', 'https://10.0.0.2:9443'],
    ['fd00::2', 'https://pool', 'https://[fd00::2]'],
    ['[fd00::2]', 'https://pool:8443', 'https://[fd00::2]:8443'],
  ])('%s of %s is %s', (address, pool, expected) => {
    expect(hostUrl(address, new URL(pool))?.origin).toBe(expected);
  });

  it.each(['', 'a b', 'evil/path', 'user@host', '10.0.0.2?x'])('is not %j', (address) => {
    expect(hostUrl(address, new URL('https://pool'))).toBeNull();
  });
});
