import type { VsphereReference } from '../model/vsphere-reference.js';
import { connectVsphere } from './connect-vsphere.js';
import type { VsphereClient } from './vsphere-client.js';

/** Milliseconds that a session outlives the last file: often the next one is opened at once. */
const LINGER = 500;

/** A session at a server, for requests for files of its datastores. */
export interface FolderSession {
  /** Rejects as `connectVsphere` does. */
  headers(): Promise<{ readonly cookie: string }>;
  /** Has the next `headers` bring another cookie than this one. */
  renew(refused: { readonly cookie?: string | undefined }): Promise<void>;
  /** Harmless when called twice. */
  close(): void;
}

interface Shared {
  /** Null until it is needed, and after a login that failed. */
  client: Promise<VsphereClient> | null;
  users: number;
  lingering: NodeJS.Timeout | null;
}

/** Of this thread, by server and user. */
const shared = new Map<string, Shared>();

/** The session that all who ask in this thread share; the last one who closes it ends it. */
export function openFolderSession(reference: VsphereReference): FolderSession {
  const { url, user, password, tlsFingerprints } = reference;
  const key = JSON.stringify([url, user, password, tlsFingerprints]);
  const entry = shared.get(key) ?? { client: null, users: 0, lingering: null };
  shared.set(key, entry);
  entry.users += 1;
  if (entry.lingering !== null) clearTimeout(entry.lingering);
  entry.lingering = null;
  let open = true;
  return {
    headers: async () => ({ cookie: await (await connected(entry, reference)).cookie() }),
    renew: async ({ cookie = '' }) => (await connected(entry, reference)).forgetSession(cookie),
    close: () => {
      if (!open) return;
      open = false;
      entry.users -= 1;
      if (entry.users === 0) entry.lingering = setTimeout(() => leave(key, entry), LINGER);
    },
  };
}

function connected(entry: Shared, reference: VsphereReference): Promise<VsphereClient> {
  if (entry.client === null) {
    const client = connectVsphere(reference);
    entry.client = client;
    // Who asks next tries again.
    client.catch(() => {
      if (entry.client === client) entry.client = null;
    });
  }
  return entry.client;
}

function leave(key: string, { client }: Shared): void {
  shared.delete(key);
  void client?.then((found) => found.close()).catch(() => {});
}
