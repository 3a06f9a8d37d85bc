import type { PoolReference } from '../../model/destination.js';
import type { VsphereReference } from '../../model/vsphere-reference.js';
import { type PresentVms, readPresentVms } from '../../targets/xapi-pool/index.js';
import type { VsphereClient, VspherePatience } from '../../vsphere/index.js';
import { connectPool, type PoolPatience, type XapiClient } from '../../xapi/index.js';
import { LiveServers } from '../live/live-servers.js';

export interface Patience {
  readonly pool?: PoolPatience | undefined;
  readonly vsphere?: VspherePatience | undefined;
}

interface Pool {
  readonly client: Promise<XapiClient>;
  present: Promise<PresentVms> | null;
}

/** Where machines came from and where they went, with one session each, which is opened when it is needed. */
export class TwoSides {
  readonly #servers: LiveServers;
  readonly #pools = new Map<string, Pool>();
  readonly #patience: Patience;

  constructor(patience: Patience) {
    this.#patience = patience;
    this.#servers = new LiveServers(patience.vsphere);
  }

  /** Rejects as `connectVsphere` does. */
  async source(server: VsphereReference): Promise<VsphereClient> {
    return await this.#servers.of(server);
  }

  /** Rejects as `connectPool` does. */
  async pool(reference: PoolReference): Promise<XapiClient> {
    return await this.#poolOf(reference).client;
  }

  /** What is in a pool, as it was when it was first asked for. Rejects as `connectPool` and `XapiClient.call` do. */
  async present(reference: PoolReference): Promise<PresentVms> {
    const pool = this.#poolOf(reference);
    pool.present ??= pool.client.then((client) => readPresentVms(client));
    return await pool.present;
  }

  async close(): Promise<void> {
    await this.#servers.close();
    await Promise.allSettled([...this.#pools.values()].map(async ({ client }) => (await client).close()));
  }

  #poolOf(reference: PoolReference): Pool {
    const key = JSON.stringify([reference.url, reference.user]);
    const known = this.#pools.get(key);
    if (known !== undefined) return known;
    const client = connectPool({ ...reference, patience: this.#patience.pool });
    const pool: Pool = { client, present: null };
    this.#pools.set(key, pool);
    return pool;
  }
}
