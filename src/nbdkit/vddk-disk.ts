/** A disk as VMware's library (VDDK) is asked for it; plain data, in which nothing is secret. */
export interface VddkDisk {
  /** Name or address of the vCenter or ESXi host. */
  readonly server: string;
  readonly port: number;
  readonly user: string;
  /** SHA-1 of the certificate that it must present: 20 pairs of hex digits with colons between. */
  readonly thumbprint: string;
  /** Managed object: `vm-12`. */
  readonly machine: string;
  /** Managed object of the snapshot that has kept it; null for a machine that is off. */
  readonly snapshot: string | null;
  /** `[datastore] folder/disk.vmdk`: the topmost file of its chain. */
  readonly file: string;
}
