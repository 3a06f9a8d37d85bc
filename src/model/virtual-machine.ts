/**
 * The inventory's words: what a VMware virtual machine is, whichever source told us.
 * Sizes are bytes unless the name says otherwise.
 */

export type Firmware = 'bios' | 'efi';

export type SourceKind = 'ovf' | 'ova' | 'vmx';

/** A contiguous part of a file: the whole of it, or one member of an OVA where it lies. */
export interface FileRange {
  /** Absolute path. */
  readonly path: string;
  /** First byte. */
  readonly offset: number;
  /** Number of bytes. */
  readonly length: number;
}

export type ManifestAlgorithm = 'sha1' | 'sha256' | 'sha512';

/** A file of the source whose digest a manifest promises; checked while the disk is read. */
export interface ExpectedDigest {
  readonly algorithm: ManifestAlgorithm;
  /** Lower-case hexadecimal. */
  readonly hex: string;
}

/** A file that holds a disk, or one chunk of it. */
export interface DiskPart {
  readonly range: FileRange;
  /** As the descriptor and the manifest name it. */
  readonly name: string;
  readonly expectedDigest: ExpectedDigest | null;
}

/** A disk's bytes at the source. */
export interface DiskLocation {
  /** One file, or its chunks in their order. */
  readonly parts: readonly DiskPart[];
  /** How the whole of them is compressed. */
  readonly compression: 'gzip' | null;
}

export interface Disk {
  /** Size the guest sees. */
  readonly capacityBytes: number;
  /** VMDK createType (`streamOptimized`, `twoGbMaxExtentSparse`, ...), as the file itself says where it can be read. */
  readonly format: string;
  /** Name as the descriptor gives it, relative to the descriptor's folder or to the OVA. */
  readonly file: string;
  /** Virtual controller in lower case: `pvscsi`, `lsilogic`, `lsilogicsas`, `buslogic`, `ide`, `ahci`, `nvme`. */
  readonly controller: string;
  /** Which controller of its kind, from 0. */
  readonly bus: number;
  /** Position on the controller. */
  readonly unit: number;
  /** Where the bytes are; null when the file is missing or may not be read. */
  readonly location: DiskLocation | null;
}

export interface Nic {
  /** Port group or network name at the source. */
  readonly network: string;
  /** Lower case with colons; null when the source does not tell. */
  readonly mac: string | null;
  /** Lower case: `vmxnet3`, `e1000`, `e1000e`, `pcnet32`, ... */
  readonly adapter: string;
}

export interface VirtualMachine {
  /** Unique and stable within the inventory: descriptor path, and system id where a descriptor holds several. */
  readonly id: string;
  readonly name: string;
  readonly description: string;
  /** BIOS UUID, lower case; null when the source does not tell. */
  readonly uuid: string | null;
  /** The source's own identifier: vSphere guest id, VMX guestOS, or the OVF description. */
  readonly guestOs: string;
  readonly firmware: Firmware;
  readonly secureBoot: boolean;
  readonly cpus: number;
  readonly coresPerSocket: number;
  readonly memoryBytes: number;
  /** In boot and attach order: the boot disk first. */
  readonly disks: readonly Disk[];
  readonly nics: readonly Nic[];
  /** Position in the vApp's start sequence; null outside a vApp. */
  readonly startOrder: number | null;
  /** Seconds to wait after this one has started before the next. */
  readonly startDelaySeconds: number;
  readonly source: {
    readonly kind: SourceKind;
    /** Relative to the source folder. */
    readonly descriptor: string;
  };
}

/** The algorithm of the manifest that covers a disk; null when none does. */
export function manifestAlgorithm(disk: Disk | undefined): ManifestAlgorithm | null {
  return disk?.location?.parts[0]?.expectedDigest?.algorithm ?? null;
}
