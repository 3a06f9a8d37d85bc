import type { KeyReference } from './destination.js';

/** A vCenter or an ESXi host, and how it is logged in at; plain data, in which nothing is secret. */
export interface VsphereReference {
  /** `https://host[:port]`; a path behind it, such as `/sdk`, counts for nothing. */
  readonly url: string;
  /** At a vCenter with the domain of its single sign-on: `name@domain` or `DOMAIN\name`. */
  readonly user: string;
  readonly password: KeyReference;
  /**
   * SHA-256 of the certificates to trust, in hex, those of the hosts that disks are exported from among them; without
   * any, those the system trusts.
   */
  readonly tlsFingerprints: readonly string[];
}
