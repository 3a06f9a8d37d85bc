import type { KeyReference } from './destination.js';

/** A vCenter or an ESXi host and how it is logged in at. */
export interface VsphereReference {
  /** `https://host`. */
  readonly url: string;
  readonly user: string;
  readonly password: KeyReference;
  /** SHA-256 of its certificate, in hex; without any, it must be one that the system trusts. */
  readonly tlsFingerprints: readonly string[];
}
