import type { VsphereReference } from '../../model/vsphere-reference.js';
import { connectVsphere, type VsphereClient, type VspherePatience } from '../../vsphere/index.js';

/** The vCenters and ESXi hosts that machines of a batch are at, with one session each. */
export class LiveServers {
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

  async close(): Promise<void> {
    const clients = [...this.#clients.values()];
    this.#clients.clear();
    await Promise.allSettled(clients.map(async (client) => (await client).close()));
  }
}
