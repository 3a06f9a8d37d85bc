import { Agent } from 'undici';
import { z } from 'zod';
import { XenferryError } from '../model/errors.js';
import { KIB } from '../model/units.js';
import { transportFailure } from './transport-failure.js';
import { FLAG, list, TEXT, WHOLE_NUMBER } from './vim-schemas.js';
import type { Ref } from './vim-value.js';
import type { VsphereClient } from './vsphere-client.js';
import { isVsphereFault, LOCALIZED_FAULT, localizedFault } from './vsphere-fault.js';
import { watchUpdates } from './watch-updates.js';

/** Milliseconds between two signs of life at most. */
const MAX_INTERVAL = 60_000;
/** Faults that say that a lease is no more. */
const ENDED = ['ManagedObjectNotFound', 'InvalidState', 'Timedout', 'InvalidLogin', 'NotAuthenticated'];

/** `HttpNfcLeaseInfo`. */
const LEASE_INFO = z.object({
  leaseTimeout: WHOLE_NUMBER,
  totalDiskCapacityInKB: WHOLE_NUMBER,
  deviceUrl: list(z.object({ key: TEXT, url: TEXT, disk: FLAG.default(false), targetId: TEXT.optional() })),
});

const STATE = z.enum(['initializing', 'ready', 'done', 'error']);

/** A file that the server gives out while the lease lasts. */
export interface LeaseFile {
  /** What the descriptor knows it by. */
  readonly key: string;
  /** Whether it is a disk, as a stream-optimized VMDK; otherwise such as the firmware's variables. */
  readonly isDisk: boolean;
  /** Of a disk, the name that its file is to have; null where the server gives none. */
  readonly name: string | null;
  readonly url: URL;
}

/** A file as the server says that it has sent it, to its end. */
export interface SentFile {
  /** Bytes. */
  readonly size: number;
  /** In hexadecimal; null where the server tells none. */
  readonly sha1: string | null;
}

/** A right to read the disks of a machine that is off, or of a snapshot. */
export interface ExportLease {
  readonly files: readonly LeaseFile[];
  /** Bytes of all disks together. */
  readonly capacity: number;
  /** From 0 to 1: what the server shows its people; it is told with the next sign of life. */
  report(progress: number): void;
  /**
   * A file from its start to its end; it cannot be had from the middle. Ends with VSPHERE_LEASE_LOST,
   * VSPHERE_UNREACHABLE, CANCELED.
   */
  download(file: LeaseFile, signal?: AbortSignal): AsyncIterable<Uint8Array>;
  /**
   * What the server says of the last time that it has sent a file; null for one that it says nothing of. Rejects as
   * `VsphereClient.call` does.
   */
  sent(file: LeaseFile, signal?: AbortSignal): Promise<SentFile | null>;
}

/**
 * Exports a machine that is off, or a snapshot: has the server prepare its disks, keeps the lease alive while `use`
 * works, and gives it back, as done or as failed. Rejects with what `use` rejects with, VSPHERE_LEASE_LOST, CANCELED, or
 * as `VsphereClient.call` does. Needs VApp.Export.
 */
export async function withExportLease<T>(
  client: VsphereClient,
  source: Ref,
  use: (lease: ExportLease) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const method = source.type === 'VirtualMachineSnapshot' ? 'ExportSnapshot' : 'ExportVm';
  const ref = await client.call(method, source, {}, { signal });
  const lease = new RunningLease(client, ref);
  try {
    await lease.ready(method, signal);
    const result = await use(lease);
    await lease.complete();
    return result;
  } catch (error) {
    await lease.abort();
    throw error;
  }
}

class RunningLease implements ExportLease {
  files: readonly LeaseFile[] = [];
  capacity = 0;
  readonly #client: VsphereClient;
  readonly #ref: Ref;
  readonly #agent: Agent;
  readonly #lost = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #percent = 0;

  constructor(client: VsphereClient, ref: Ref) {
    this.#client = client;
    this.#ref = ref;
    const { idle } = client.patience;
    this.#agent = new Agent({ connect: client.connector, headersTimeout: idle, bodyTimeout: idle });
  }

  /** Waits until the disks may be read. */
  async ready(what: string, signal: AbortSignal | undefined): Promise<void> {
    const query = { objects: [this.#ref], properties: ['state', 'info', 'error'] };
    let told: Readonly<Record<string, unknown>> = {};
    for await (const { objects } of watchUpdates(this.#client, [query], { signal })) {
      for (const { kind, properties } of objects) {
        if (kind === 'leave') throw this.#lease('it vanished before it was ready');
        told = { ...told, ...properties };
      }
      const state = STATE.safeParse(told.state);
      if (state.data === 'ready') break;
      if (state.data !== 'initializing') throw this.#failure(what, told.error);
    }
    const info = LEASE_INFO.safeParse(told.info);
    if (!info.success) {
      throw new XenferryError('VSPHERE_PROTOCOL', `${what}: the lease tells nothing usable`, {
        file: this.#client.shown,
      });
    }
    const { deviceUrl, leaseTimeout, totalDiskCapacityInKB } = info.data;
    this.files = deviceUrl.map(({ key, url, disk, targetId = null }) => ({
      key,
      isDisk: disk,
      name: targetId,
      url: this.#address(url),
    }));
    this.capacity = totalDiskCapacityInKB * KIB;
    const interval = Math.min(MAX_INTERVAL, (leaseTimeout * 1_000) / 3);
    this.#timer = setInterval(() => void this.#showLife(), interval).unref();
  }

  report(progress: number): void {
    this.#percent = Math.max(0, Math.min(99, Math.floor(progress * 100)));
  }

  async *download({ url, name, key }: LeaseFile, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    const stops = [this.#lost.signal, ...(signal === undefined ? [] : [signal])];
    const what = name ?? key;
    try {
      // Only the server that was logged in at sees the session.
      const own = url.origin === this.#client.origin.origin;
      const { statusCode, body } = await this.#agent.request({
        origin: url.origin,
        path: `${url.pathname}${url.search}`,
        method: 'GET',
        headers: own ? { cookie: await this.#client.cookie() } : {},
        signal: AbortSignal.any(stops),
      });
      if (statusCode !== 200) {
        await body.dump({ limit: 64 * KIB });
        throw this.#lease(`${what} is answered with status ${statusCode}`);
      }
      for await (const piece of body) {
        const bytes: Uint8Array = piece;
        yield bytes;
      }
    } catch (error) {
      if (signal?.aborted === true)
        throw new XenferryError('CANCELED', 'the export was stopped', { cause: error });
      if (this.#lost.signal.aborted) throw this.#lease(`it ended while ${what} was read`);
      throw transportFailure(error, this.#client.shown);
    }
  }

  async sent({ key }: LeaseFile, signal?: AbortSignal): Promise<SentFile | null> {
    const entries = await this.#client
      .call('HttpNfcLeaseGetManifest', this.#ref, {}, { signal })
      .catch((error) => {
        if (isVsphereFault(error, 'NotSupported', 'MethodNotFound')) return [];
        throw error;
      });
    const entry = entries.findLast((one) => one.key === key);
    return entry === undefined ? null : { size: entry.size, sha1: entry.sha1?.toLowerCase() ?? null };
  }

  async complete(): Promise<void> {
    clearInterval(this.#timer);
    await this.#client.call('HttpNfcLeaseProgress', this.#ref, { percent: 100 }).catch(() => {});
    await this.#client.call('HttpNfcLeaseComplete', this.#ref);
    await this.#agent.destroy();
  }

  async abort(): Promise<void> {
    clearInterval(this.#timer);
    await this.#agent.destroy();
    // Without the work's signal: it is what has ended the work, often. A lease that is not aborted ends by itself.
    const options = { signal: AbortSignal.timeout(this.#client.patience.idle) };
    await this.#client.call('HttpNfcLeaseAbort', this.#ref, {}, options).catch(() => {});
  }

  async #showLife(): Promise<void> {
    try {
      await this.#client.call('HttpNfcLeaseProgress', this.#ref, { percent: this.#percent });
    } catch (error) {
      // Another failure may be gone with the next sign.
      if (isVsphereFault(error, ...ENDED)) this.#lost.abort();
    }
  }

  /** A host of `*` is the one that was logged in at. */
  #address(text: string): URL {
    const { host, origin } = this.#client.origin;
    const named = text.replace(/^(https?):\/\/\*(?::\d+)?(?=\/)/, `$1://${host}`);
    const url = URL.canParse(named, origin) ? new URL(named, origin) : null;
    if (url?.protocol === 'https:') return url;
    throw new XenferryError('VSPHERE_PROTOCOL', 'the lease gives an address that is no https URL', {
      file: this.#client.shown,
    });
  }

  #failure(what: string, error: unknown): XenferryError {
    const fault = LOCALIZED_FAULT.safeParse(error);
    if (fault.success) return localizedFault(fault.data, { what, server: this.#client.shown });
    return this.#lease('it ended before it was ready');
  }

  #lease(what: string): XenferryError {
    return new XenferryError('VSPHERE_LEASE_LOST', `the export: ${what}`, { file: this.#client.shown });
  }
}
