import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { locatedImage, readImageInfo } from '../../images/index.js';
import { hostOf } from '../../io/server-url.js';
import { type ErrorCode, toXenferryError, XenferryError } from '../../model/errors.js';
import type { PlannedLive } from '../../model/live.js';
import type { DatastoreLocation, Disk, ServedLocation } from '../../model/virtual-machine.js';
import { serveVddk, type VddkServer, vddkFailure } from '../../nbdkit/index.js';
import { type Ref, serverThumbprint, vspherePassword } from '../../vsphere/index.js';

/**
 * Of a disk, each a session at its ESXi host, which takes 52 from a vCenter ("NFC Session Connection Limits" in VMware's
 * guide to VDDK): with 8 disks of a host at a time there is room for others.
 */
const CONNECTIONS = 4;

const HTTPS_PORT = 443;

/** What reading rejects with when nbdkit knows more about it. */
const READ_FAILURES: readonly ErrorCode[] = [
  'SOURCE_UNREADABLE',
  'SOURCE_NOT_FOUND',
  'SOURCE_UNAUTHORIZED',
  'NBD_PROTOCOL',
];

interface VddkSource {
  readonly live: PlannedLive;
  readonly machine: Ref;
  /** From which its disks are read; null for a machine that is off. */
  readonly snapshot: Ref | null;
}

/**
 * Has disks on datastores served by nbdkit, through the operator's VDDK, while `use` reads them: with all that lies below
 * them, as only the server knows. Rejects as `use` does, and as `serveVddk`, VSPHERE_*, SOURCE_CHANGED.
 */
export async function withVddkDisks<T>(
  { live, machine, snapshot }: VddkSource,
  disks: readonly Disk[],
  signal: AbortSignal,
  use: (served: readonly Disk[]) => Promise<T>,
): Promise<T> {
  const { vddk: settings, server } = live;
  if (settings === null) throw new XenferryError('INTERNAL', 'the plan does not say where VDDK is');
  const url = new URL(server.url);
  const access = {
    server: hostOf(url.hostname),
    port: url.port === '' ? HTTPS_PORT : Number(url.port),
    user: server.user,
    thumbprint: await serverThumbprint(server),
    machine: machine.value,
    snapshot: snapshot?.value ?? null,
  };
  const password = await vspherePassword(server);
  // Nobody but us may enter it, and its path is short, as a socket's must be.
  const folder = await mkdtemp(join(tmpdir(), 'xenferry-vddk-'));
  const servers: VddkServer[] = [];
  try {
    const served: Disk[] = [];
    for (const [index, disk] of disks.entries()) {
      const file = datastoreFile(disk);
      const socket = join(folder, `disk${index}`);
      const started = await serveVddk({ disk: { ...access, file }, settings, password, socket, signal });
      servers.push(started);
      served.push(
        await checked(disk, { kind: 'served', server, uri: started.uri, connections: CONNECTIONS }),
      );
    }
    return await use(served);
  } catch (error) {
    throw explained(error, servers);
  } finally {
    await Promise.allSettled(servers.map((one) => one.stop()));
    await rm(folder, { recursive: true, force: true });
  }
}

function datastoreFile({ location, file }: Disk): string {
  if (location?.kind !== 'datastore') throw new XenferryError('INTERNAL', `${file} is on no datastore`);
  return datastorePath(location);
}

function datastorePath({ datastore, path }: DatastoreLocation): string {
  return `[${datastore}] ${path}`;
}

/** The first to connect is the first to log in: here shows whether the server lets us read the disk. */
async function checked(disk: Disk, location: ServedLocation): Promise<Disk> {
  const { capacityBytes } = await readImageInfo(locatedImage(location));
  if (capacityBytes === disk.capacityBytes) return { ...disk, location };
  throw new XenferryError('SOURCE_CHANGED', `${disk.file}: VDDK shows a disk of ${capacityBytes} bytes`);
}

/** A reader only sees that its server does not answer. */
function explained(error: unknown, servers: readonly VddkServer[]): unknown {
  const errors = servers.flatMap((server) => server.errors);
  const { code, message } = toXenferryError(error);
  if (errors.length === 0 || !READ_FAILURES.includes(code)) return error;
  return vddkFailure(errors, `a disk cannot be read through VDDK (${message})`, error);
}
