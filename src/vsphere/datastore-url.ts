import { XenferryError } from '../model/errors.js';
import { parseVsphereUrl } from './server-address.js';

/** A file of a datastore. */
export interface DatastorePath {
  /** Inventory path of the datacenter, without a slash before it; `ha-datacenter` at an ESXi host. */
  readonly datacenter: string;
  readonly datastore: string;
  /** From the datastore's root, such as `vm/vm.vmdk`. */
  readonly path: string;
}

/** Where the server gives a file of a datastore by HTTP. Throws CONFIG_INVALID. */
export function datastoreUrl(server: string, { datacenter, datastore, path }: DatastorePath): URL {
  const parts = path.split('/');
  if (parts.some((part) => part === '' || part === '.' || part === '..')) {
    throw new XenferryError('CONFIG_INVALID', `"${path}" is not the path of a file of a datastore`);
  }
  const url = new URL(`/folder/${parts.map(encodeURIComponent).join('/')}`, parseVsphereUrl(server));
  url.search = new URLSearchParams({ dcPath: datacenter, dsName: datastore }).toString();
  return url;
}

/** Takes `[datastore] vm/vm.vmdk` apart; null for what is not written like that. */
export function parseDatastorePath(text: string): Omit<DatastorePath, 'datacenter'> | null {
  const match = /^\[([^\]]+)\] ?(.*)$/s.exec(text);
  return match?.[1] === undefined ? null : { datastore: match[1], path: match[2] ?? '' };
}
