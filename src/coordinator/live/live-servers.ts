import type { VsphereReference } from '../../model/vsphere-reference.js';
import { connectVsphere, type VsphereClient, type VspherePatience } from '../../vsphere/index.js';
import { Slots } from './slots.js';
import type { SourceMachine } from './source-machine.js';

/** What an ESXi host reads at once without harm to what runs on it; more are known to bring it down. */
const DISKS_PER_HOST = 8;
/** Snapshots that may stand on a datastore at a time: each can grow as large as its disk. */
const SNAPSHOTS_PER_DATASTORE = 15;

/** The vCenters and ESXi hosts that machines of a batch are at, with one session each. */
export class LiveServers {
  /** Disks that are read, by server and host. */
  readonly #diskSlots = new Slots(DISKS_PER_HOST);
  /** Snapshots that stand, by server and datastore. */
  readonly #snapshotSlots = new Slots(SNAPSHOTS_PER_DATASTORE);
  readonly #clients = new Map<string, Promise<VsphereClient>>();
  readonly #patience: VspherePatience | undefined;

  constructor(patience?: VspherePatience) {
    this.#patience = patience;
  }

  /** Rejects as `connectVsphere` does. */
  async of(server: VsphereReference): Promise<VsphereClient> {
    const key = JSON.stringify([server.url, server.user]);
    const known = this.#clients.get(key);
    if (known !== undefined) return await known;
    const client = connectVsphere({ ...server, patience: this.#patience });
    this.#clients.set(key, client);
    try {
      return await client;
    } catch (error) {
      // The next one may reach it.
      this.#clients.delete(key);
      throw error;
    }
  }

  /** Reads a machine's disks when its host has room for that. Rejects as `read` does, or with the signal's reason. */
  async withDisks<T>(
    { shown }: VsphereClient,
    { host, disks }: SourceMachine,
    signal: AbortSignal,
    read: () => Promise<T>,
  ): Promise<T> {
    return await this.#diskSlots.hold(`${shown} ${host?.value ?? ''}`, disks.length, signal, read);
  }

  /** The same where a snapshot stands meanwhile, when its datastore has room for that as well. */
  async withSnapshot<T>(
    client: VsphereClient,
    machine: SourceMachine,
    signal: AbortSignal,
    read: () => Promise<T>,
  ): Promise<T> {
    const place = `${client.shown} ${machine.datastores[0]?.value ?? ''}`;
    return await this.withDisks(client, machine, signal, () =>
      this.#snapshotSlots.hold(place, 1, signal, read),
    );
  }

  async close(): Promise<void> {
    const clients = [...this.#clients.values()];
    this.#clients.clear();
    await Promise.allSettled(clients.map(async (client) => (await client).close()));
  }
}
