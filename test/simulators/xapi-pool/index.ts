import type { AddressInfo } from 'node:net';
import { createServer, type Server } from 'node:tls';
import { type Certificate, selfSigned } from '../../support/certificate.js';
import { Database, type Row } from './database.js';
import { DiskStore } from './disk-store.js';
import { createEstate } from './estate.js';
import type { EstateOptions } from './estate-options.js';
import { Faults } from './faults.js';
import { serveConnection } from './http/connection.js';
import { join, leave } from './neighbours.js';
import { changeMaster } from './outages.js';
import {
  type Faithfulness,
  type GuestLife,
  type HostControl,
  type PoolState,
  poolRow,
  type SeenTransfer,
  type Timings,
} from './pool-state.js';
import { Schedule } from './schedule.js';
import { Sessions, type User } from './sessions.js';
import { Tasks } from './tasks.js';

export type { Row } from './database.js';
export type { RepositoryOptions } from './estate-options.js';
export type { Fault } from './fault.js';
export type { GuestLife, SeenTransfer } from './pool-state.js';

/** All hosts listen on one port, each on an address of its own. */
const ADDRESSES = '127.0.0.';

const HOUR = 60 * 60 * 1000;

const TIMINGS: Timings = {
  loginDelayMs: 5000,
  sessionIdleMs: 24 * HOUR,
  taskCompletedMs: (65 / 60) * HOUR,
  taskPendingMs: 24 * HOUR,
  taskProgressMs: 0,
  detachMs: 500,
  asyncMs: 0,
  headerReadMs: 10_000,
  headerTotalMs: 60_000,
  restartMs: 3000,
  cancelCheckMs: 10_000,
};

const FAITHFUL: Faithfulness = { shortRawTail: true, corruptOddVhdBlocks: true, qcow2: true };

const USERS: readonly User[] = [{ name: 'root', password: 'simulated', role: 'pool-admin' }];

export interface PoolOptions extends EstateOptions {
  /** `root` with the password `simulated` without. */
  readonly users?: readonly User[];
  readonly timings?: Partial<Timings>;
  readonly faithful?: Partial<Faithfulness>;
  /** What the licence lacks: `restrict_vtpm`, `restrict_vif_locking`, `restrict_gpu`. */
  readonly restrictions?: readonly string[];
  /** What machines do by themselves once they run; nothing without. */
  readonly guests?: (name: string) => GuestLife;
  /** Told of each as it begins. */
  readonly onTransfer?: (transfer: SeenTransfer) => void;
  /** One certificate for all hosts; each makes its own without. */
  readonly certificate?: Certificate;
  /** That all hosts listen on; any that is free without. */
  readonly port?: number;
  /** Whether hosts' addresses are told with the port, as no real host's is. */
  readonly portInAddress?: boolean;
}

export interface SimulatedHost {
  readonly ref: string;
  readonly address: string;
  readonly url: string;
  readonly tlsFingerprint: string;
  /** Drops all connections and refuses new ones. */
  down(): Promise<void>;
  up(): Promise<void>;
  /** Its toolstack and the old master's start anew, which breaks all connections to both. */
  becomeMaster(): void;
}

/** What is in the pool, as it is and not as a client sees it. */
export interface PoolObjects {
  all(className: string): readonly Row[];
  find(className: string, ref: string): Row | undefined;
  /** The only one that has a name; throws if there is none or are several. */
  named(className: string, name: string): Row;
}

export interface SimulatedPool {
  /** Of the coordinator, as it was when the pool started. */
  readonly url: string;
  readonly tlsFingerprint: string;
  readonly hosts: readonly SimulatedHost[];
  readonly objects: PoolObjects;
  readonly faults: Faults;
  /** The file with a disk's content; throws for a disk that is not there. */
  vdiFile(ref: string): string;
  /** Waits until no call or transfer is under way any more. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

/** One host's listener. */
class HostServer implements SimulatedHost, HostControl {
  readonly ref: string;
  readonly address: string;
  readonly tlsFingerprint: string;
  private readonly state: PoolState;
  private readonly row: Row;
  private readonly server: Server;
  private readonly sockets = new Set<{ destroy(): unknown }>();

  constructor(state: PoolState, row: Row, address: string, certificate: Certificate) {
    this.state = state;
    this.row = row;
    this.ref = row.ref;
    this.address = address;
    this.tlsFingerprint = certificate.fingerprint;
    const { cert, key } = certificate;
    this.server = createServer({ cert, key, allowHalfOpen: true }, (socket) => {
      void serveConnection(state, row, socket);
    });
    // Before the handshake, too: a client that does not trust the certificate leaves in the midst of it.
    this.server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
    });
    this.server.on('tlsClientError', (_error, socket) => socket.destroy());
  }

  get url(): string {
    return `https://${this.address}:${this.state.port()}`;
  }

  get port(): number {
    const address: AddressInfo | string | null = this.server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  async listen(port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, this.address, () => {
        this.server.off('error', reject);
        resolve();
      });
    });
  }

  async down(): Promise<void> {
    this.metrics()?.set({ live: false });
    await this.stop();
  }

  async up(): Promise<void> {
    if (!this.server.listening) {
      await this.listen(this.state.port());
    }
    this.metrics()?.set({ live: true });
  }

  becomeMaster(): void {
    changeMaster(this.state, this.row);
  }

  drop(): void {
    for (const socket of this.sockets) {
      socket.destroy();
    }
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.server.close(() => resolve());
    });
    this.drop();
    await closed;
  }

  private metrics(): Row | undefined {
    return this.state.database.find('host_metrics', this.row.text('metrics'));
  }
}

function objectsOf(database: Database): PoolObjects {
  return {
    all: (className) => database.all(className),
    find: (className, ref) => database.find(className, ref),
    named: (className, name) => {
      const [found, ...more] = database.all(className).filter((row) => row.text('name_label') === name);
      if (found === undefined || more.length > 0) {
        throw new Error(`${more.length + (found === undefined ? 0 : 1)} objects ${className} named ${name}`);
      }
      return found;
    },
  };
}

/** Starts a pool of hosts that speak the API over TLS; closing it takes everything away. */
export async function startPool(options: PoolOptions = {}): Promise<SimulatedPool> {
  const database = new Database();
  const timings = { ...TIMINGS, ...options.timings };
  let port = options.port ?? 0;
  const addressOf = (number: number): string => `${ADDRESSES}${number + 1}`;
  const { hosts: rows, controlDomains } = createEstate(database, options, addressOf);
  const state: PoolState = {
    onTransfer: options.onTransfer ?? (() => {}),
    database,
    sessions: new Sessions(database, {
      users: options.users ?? USERS,
      loginDelayMs: timings.loginDelayMs,
      idleMs: timings.sessionIdleMs,
    }),
    tasks: new Tasks(database, {
      completedMs: timings.taskCompletedMs,
      pendingMs: timings.taskPendingMs,
      progressMs: timings.taskProgressMs,
    }),
    disks: await DiskStore.create(),
    faults: new Faults(),
    timings,
    faithful: { ...FAITHFUL, ...options.faithful },
    restrictions: new Set(options.restrictions),
    controlDomains,
    guestOf: options.guests ?? (() => ({})),
    domains: 0,
    port: () => port,
    controls: new Map(),
    booting: new Set(),
    detaching: new Map(),
    schedule: new Schedule(),
    running: new Set(),
  };
  poolRow(state).set({
    restrictions: Object.fromEntries([...state.restrictions].map((name) => [name, 'true'])),
  });
  const hosts = rows.map((row, number) => {
    const address = addressOf(number);
    return new HostServer(state, row, address, options.certificate ?? selfSigned([address]));
  });
  join(state);
  const close = async (): Promise<void> => {
    leave(state);
    state.schedule.close();
    await Promise.all(hosts.map((host) => host.stop()));
    await Promise.allSettled(state.running);
    state.tasks.close();
    await state.disks.close();
  };
  try {
    for (const host of hosts) {
      await host.listen(port);
      port = host.port;
      state.controls.set(host.ref, host);
    }
  } catch (error) {
    await close();
    throw error;
  }
  for (const row of options.portInAddress === true ? rows : []) {
    row.set({ address: `${row.text('address')}:${port}` });
  }
  const [master] = hosts;
  if (master === undefined) {
    throw new Error('a pool without hosts');
  }
  const settled = async (): Promise<void> => {
    await Promise.allSettled(state.running);
    await state.tasks.settled();
  };
  return {
    url: master.url,
    tlsFingerprint: master.tlsFingerprint,
    hosts,
    objects: objectsOf(database),
    faults: state.faults,
    vdiFile: (ref) => {
      const disk = state.disks.get(ref);
      if (disk === undefined) {
        throw new Error(`no disk ${ref}`);
      }
      return disk.path;
    },
    settled,
    close,
  };
}
