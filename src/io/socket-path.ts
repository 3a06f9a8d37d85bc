import { XenferryError } from '../model/errors.js';

/** The longest path of a Unix socket that Linux takes, without the final zero (unix(7)). */
const MAX_SOCKET_PATH = 107;

/** Throws CONFIG_INVALID for a path that no Unix socket can have. */
export function checkSocketPath(path: string): void {
  if (Buffer.byteLength(path) <= MAX_SOCKET_PATH) return;
  throw new XenferryError('CONFIG_INVALID', 'the path of the work folder is too long for a socket in it', {
    file: path,
    hint: 'Use a work folder with a shorter path.',
  });
}
