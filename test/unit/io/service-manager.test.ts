import { once } from 'node:events';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, describe, expect, it } from 'vitest';
import { tellServiceManager } from '../../../src/io/service-manager.js';
import { tempFiles } from '../../support/temp-files.js';

const { folder } = tempFiles();

/** Receives as systemd does and prints what came. */
const RECEIVER = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
s.settimeout(20)
print('listening', flush=True)
for _ in range(2):
    words = s.recv(4096).decode()
    while words.startswith('BARRIER'): words = s.recv(4096).decode()
    print(words, flush=True)
`;

afterEach(() => {
  delete process.env.NOTIFY_SOCKET;
});

describe('the service manager', () => {
  it('is told when the service is ready and when it ends', async () => {
    const path = join(folder, 'notify');
    const receiver = execa('python3', ['-c', RECEIVER, path], { lines: true, timeout: 30_000 });
    await once(receiver.stdout, 'data');
    process.env.NOTIFY_SOCKET = path;
    await tellServiceManager('ready');
    await tellServiceManager('stopping');
    expect((await receiver).stdout.map((line) => line.trim())).toEqual([
      'listening',
      'READY=1',
      'STOPPING=1',
    ]);
  });

  it('need not be there', async () => {
    await tellServiceManager('ready');
    process.env.NOTIFY_SOCKET = join(folder, 'nobody');
    await tellServiceManager('ready');
  });
});
