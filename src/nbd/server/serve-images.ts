import { once } from 'node:events';
import { chmod, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import type { DiskImage } from '../../disk-image/index.js';
import { checkSocketPath } from '../../io/socket-path.js';
import { XenferryError } from '../../model/errors.js';
import { agree } from './agree.js';
import { answerRequests } from './answer-requests.js';
import { ClientStream } from './client-stream.js';
import { ReadSlots } from './read-slots.js';
import { ServedDisk } from './served-disk.js';
import { SourceHealth } from './source-health.js';

/** Images as exports of a server of our own. */
export interface ServedImages {
  /** Of an image by its index. */
  uri(index: number): string;
  /** What reading an image failed with first, after which every read fails; null as long as none did. */
  readonly failure: XenferryError | null;
  /** Ends the server, waits for what it reads just now, and closes the images; `failure` is final then. */
  close(): Promise<void>;
}

/** QEMU and those who look at what it made come one after the other; more is a mistake. */
const MAX_CONNECTIONS = 64;

/**
 * Serves images for reading over NBD, on a Unix socket that nobody else may connect to, as `disk0`, `disk1`, ... The
 * memory it takes does not grow with clients or requests. Who reads must not block this thread meanwhile. When `signal`
 * is given the images are closed at once, and all reads fail. Takes the images over. Rejects with CONFIG_INVALID for a
 * path that is too long, CANCELED.
 */
export async function serveImages(
  images: readonly DiskImage[],
  socketPath: string,
  signal?: AbortSignal,
): Promise<ServedImages> {
  const health = new SourceHealth();
  const slots = new ReadSlots();
  const disks = new Map(
    images.map((image, index) => [`disk${index}`, new ServedDisk(image, slots, health)] as const),
  );
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.once('close', () => sockets.delete(socket)));
    void serveClient(socket, disks);
  });
  server.maxConnections = MAX_CONNECTIONS;
  const stop = () => {
    health.fail(new XenferryError('CANCELED', 'the disks are not served any more'));
    for (const image of images) image.close();
  };
  const close = async () => {
    signal?.removeEventListener('abort', stop);
    const closed = server.listening ? once(server, 'close') : null;
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
    await health.settled();
    for (const image of images) image.close();
    await rm(socketPath, { force: true });
  };
  signal?.addEventListener('abort', stop);
  try {
    signal?.throwIfAborted();
    checkSocketPath(socketPath);
    server.listen(socketPath);
    await once(server, 'listening');
    await chmod(socketPath, 0o600);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    uri: (index) => `nbd+unix:///disk${index}?socket=${encodeURIComponent(socketPath)}`,
    get failure() {
      return health.failure;
    },
    close,
  };
}

/** What a client does wrong costs its connection, and nobody else anything. */
async function serveClient(socket: Socket, disks: ReadonlyMap<string, ServedDisk>): Promise<void> {
  const stream = new ClientStream(socket);
  try {
    const agreed = await agree(stream, disks);
    stream.patient = true;
    if (agreed !== null) await answerRequests(stream, agreed);
    stream.end();
  } catch {
    stream.destroy();
  }
}
