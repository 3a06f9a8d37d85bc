export interface HostOptions {
  readonly name?: string;
  /** In bytes. */
  readonly memory?: number;
  readonly cpus?: number;
  /** How many network cards it has; all hosts' cards of one number are in one network. */
  readonly nics?: number;
}

export interface RepositoryOptions {
  readonly name: string;
  /** `ext`, `nfs` and the like give room on demand, `lvm` and its relatives at once; `iso` holds no disks. */
  readonly type: string;
  /** In bytes. */
  readonly size: number;
  /** The numbers of the hosts that it is attached to; all of them without. */
  readonly hosts?: readonly number[];
  readonly shared?: boolean;
  /** What it can store disks as; `vhd` alone without. Only with `qcow2` are disks above 2040 GiB possible. */
  readonly formats?: readonly ('vhd' | 'qcow2')[];
  /** Of LVM: plain volumes, in which whatever was there before can still be read, instead of VHDs in volumes. */
  readonly rawVolumes?: boolean;
}

export interface GpuOptions {
  /** Of the group that its cards are in. */
  readonly group: string;
  /** The number of the host of each card. */
  readonly hosts: readonly number[];
}

export interface EstateOptions {
  readonly hosts?: readonly HostOptions[];
  /** The first is the pool's default. */
  readonly repositories?: readonly RepositoryOptions[];
  /** Networks beside those of the hosts' cards. */
  readonly networks?: readonly string[];
  /** None without. */
  readonly gpus?: readonly GpuOptions[];
}
