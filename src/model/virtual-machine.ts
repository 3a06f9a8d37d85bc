/**
 * The inventory's words: what a VMware virtual machine is, whichever source told us.
 * Sizes are bytes unless the name says otherwise.
 */
import type { VsphereReference } from './vsphere-reference.js';

export type Firmware = 'bios' | 'efi';

export type SourceKind = 'ovf' | 'ova' | 'vmx' | 'rvtools' | 'vsphere';

export type PowerState = 'on' | 'off' | 'suspended';

/** VMware's disk modes; what a snapshot or a restart does with the disk's content. */
export type DiskMode =
  | 'persistent'
  | 'nonpersistent'
  | 'independent_persistent'
  | 'independent_nonpersistent'
  | 'undoable'
  | 'append';

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
export type DiskLocation = FilesLocation | DatastoreLocation | ServedLocation;

export interface FilesLocation {
  readonly kind: 'files';
  /** One file, or its chunks in their order. */
  readonly parts: readonly DiskPart[];
  /** How the whole of them is compressed. */
  readonly compression: 'gzip' | null;
}

/** A VMDK where a vCenter or an ESXi host has it; read over HTTPS. */
export interface DatastoreLocation {
  readonly kind: 'datastore';
  readonly server: VsphereReference;
  readonly datacenter: string;
  readonly datastore: string;
  /** Of the descriptor, in the datastore: `web/web.vmdk`. */
  readonly path: string;
  /** One byte per 2 MiB block of the disk, 0 where the server says that nothing is; left out while nobody has asked. */
  readonly allocated?: Uint8Array | undefined;
}

/** A disk of a vCenter or an ESXi host that a program on this machine serves while it is read. */
export interface ServedLocation {
  readonly kind: 'served';
  readonly server: VsphereReference;
  /** `nbd+unix:///?socket=/path`. */
  readonly uri: string;
  /** At most so many may read it at a time. */
  readonly connections: number;
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
  /** Where the bytes are; null when the file is missing or may not be read, and where the source is a list only. */
  readonly location: DiskLocation | null;
  /** Bytes in use, as the source estimates them; null when it does not tell. */
  readonly usedBytes: number | null;
  readonly mode: DiskMode;
  /** A physical LUN behind the disk: with (`virtual`) or without (`physical`) VMware's snapshots. */
  readonly rawDevice: 'physical' | 'virtual' | null;
  /** Several machines may write: multi-writer, or a SCSI bus that is shared. */
  readonly shared: boolean;
  readonly encrypted: boolean;
  /** Null when the source does not tell. */
  readonly thin: boolean | null;
  /** Name of the datastore; null when the source does not tell. */
  readonly datastore: string | null;
  /** VMware's device key or the like, by which other lists name the disk; null when the source does not tell. */
  readonly key: string | null;
}

export interface Nic {
  /** Port group or network name at the source. */
  readonly network: string;
  /** Lower case with colons; null when the source does not tell. */
  readonly mac: string | null;
  /** Lower case: `vmxnet3`, `e1000`, `e1000e`, `pcnet32`, `sriov`, ... */
  readonly adapter: string;
  /** Whether it is plugged in, now or at power on. */
  readonly connected: boolean;
  /** Whether the MAC was set by hand rather than given by VMware; null when the source does not tell. */
  readonly staticMac: boolean | null;
  /** As VMware Tools reported them; no link-local ones. */
  readonly addresses: readonly string[];
}

export type DeviceKind =
  | 'cdrom'
  | 'floppy'
  | 'gpu'
  | 'nvdimm'
  | 'parallel'
  | 'pci-passthrough'
  | 'serial'
  | 'sound'
  | 'tpm'
  | 'usb-controller'
  | 'usb'
  | 'watchdog'
  | 'other';

/** A virtual device that is neither disk, network card nor controller of disks. */
export interface Device {
  readonly kind: DeviceKind;
  /** How the source calls it. */
  readonly label: string;
  readonly connected: boolean;
  /** What lies behind it: an ISO image, a vGPU profile, a host device; null when nothing does or none is known. */
  readonly backing: string | null;
}

export interface Snapshot {
  readonly name: string;
  /** ISO 8601; null when the source does not tell. */
  readonly createdAt: string | null;
  /** With the guest's memory. */
  readonly withMemory: boolean;
}

/** Where in VMware's world a machine lives; null, or empty, what the source does not tell. */
export interface Placement {
  readonly datacenter: string | null;
  readonly cluster: string | null;
  readonly host: string | null;
  /** Folder in the VMs-and-templates tree, with `/` between the names. */
  readonly folder: string | null;
  readonly resourcePool: string | null;
  readonly tags: readonly string[];
  /** Custom attributes by name. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** A file system of the guest, as VMware Tools reported it. */
export interface GuestVolume {
  /** `/`, `/boot`, `C:\`, ... */
  readonly path: string;
  readonly capacityBytes: number;
  readonly freeBytes: number;
}

/** What VMware Tools reported; null or empty where it did not. */
export interface GuestFacts {
  readonly hostName: string | null;
  readonly addresses: readonly string[];
  /** The guest system in Tools' own words. */
  readonly reportedOs: string | null;
  /** `running`, `not running`, `not installed`, `outdated`. */
  readonly tools: 'running' | 'not running' | 'not installed' | 'outdated' | null;
  readonly volumes: readonly GuestVolume[];
}

/** VMware's features in use; null where the source does not tell. */
export interface VmwareFeatures {
  readonly changeTracking: boolean | null;
  readonly consolidationNeeded: boolean | null;
  readonly cpuHotAdd: boolean | null;
  readonly memoryHotAdd: boolean | null;
  readonly cpuAffinity: boolean | null;
  readonly numaAffinity: boolean | null;
  readonly hostAffinity: boolean | null;
  readonly faultTolerance: boolean | null;
  /** High availability restarts the machine. */
  readonly highAvailability: boolean | null;
  readonly drs: boolean | null;
  readonly dpm: boolean | null;
  /** Disk serial numbers shown to the guest (`disk.EnableUUID`). */
  readonly diskUuids: boolean | null;
  readonly nestedVirtualization: boolean | null;
  /** Windows' virtualization-based security. */
  readonly virtualizationBasedSecurity: boolean | null;
  readonly latencySensitive: boolean | null;
  /** AMD SEV or Intel SGX/TDX. */
  readonly confidentialComputing: boolean | null;
  /** Megahertz and bytes reserved; 0 for none. */
  readonly cpuReservationMhz: number | null;
  readonly memoryReservationBytes: number | null;
  /** Of the virtual hardware: 7 to 22; null when the source does not tell. */
  readonly hardwareVersion: number | null;
}

export interface VirtualMachine {
  /** Unique and stable within the inventory: descriptor path, and system id where a descriptor holds several. */
  readonly id: string;
  readonly name: string;
  readonly description: string;
  /** BIOS UUID, lower case; null when the source does not tell. */
  readonly uuid: string | null;
  /** What else identifies it: vCenter's instance UUID (lower case) and object id (`vm-123`), with the vCenter's own id. */
  readonly instanceUuid: string | null;
  readonly objectId: string | null;
  readonly server: string | null;
  /** The source's own identifier: vSphere guest id, VMX guestOS, or the OVF description. */
  readonly guestOs: string;
  /** CIM_OperatingSystem.OsType, the number that an OVF gives; null when the source gives none. */
  readonly cimOs: number | null;
  /** The guest system as the source describes it for people: `Ubuntu Linux (64-bit)`; empty when it does not. */
  readonly osDescription: string;
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
  /** Null when the source does not tell. */
  readonly powerState: PowerState | null;
  readonly template: boolean;
  /** Stands in for a machine that lives elsewhere (Site Recovery Manager). */
  readonly placeholder: boolean;
  /** Configuration or disks encrypted by VMware. */
  readonly encrypted: boolean;
  readonly virtualTpm: boolean;
  /** File with the firmware's variables, relative to the descriptor's folder; null where there is none. */
  readonly nvram: string | null;
  readonly devices: readonly Device[];
  /** Oldest first. */
  readonly snapshots: readonly Snapshot[];
  readonly placement: Placement;
  readonly guest: GuestFacts;
  readonly features: VmwareFeatures;
  /** Settings beside the standard's (VMX keys, `ExtraConfig`), by key in lower case; the telling ones. */
  readonly settings: Readonly<Record<string, string>>;
  /** vApp and product properties (OVF ProductSection) by key; passwords left out. */
  readonly properties: Readonly<Record<string, string>>;
  readonly source: {
    readonly kind: SourceKind;
    /** Relative to the source folder; of a vCenter or an ESXi host, the machine's managed object. */
    readonly descriptor: string;
    /** Where the machine still is in VMware's hands. */
    readonly server?: VsphereReference | undefined;
  };
}

/** For sources that say nothing of where a machine lives. */
export const UNKNOWN_PLACEMENT: Placement = {
  datacenter: null,
  cluster: null,
  host: null,
  folder: null,
  resourcePool: null,
  tags: [],
  attributes: {},
};

/** For sources that know nothing of VMware Tools. */
export const UNKNOWN_GUEST: GuestFacts = {
  hostName: null,
  addresses: [],
  reportedOs: null,
  tools: null,
  volumes: [],
};

/** For sources that do not tell; readers set what they know. */
export const UNKNOWN_FEATURES: VmwareFeatures = {
  changeTracking: null,
  consolidationNeeded: null,
  cpuHotAdd: null,
  memoryHotAdd: null,
  cpuAffinity: null,
  numaAffinity: null,
  hostAffinity: null,
  faultTolerance: null,
  highAvailability: null,
  drs: null,
  dpm: null,
  diskUuids: null,
  nestedVirtualization: null,
  virtualizationBasedSecurity: null,
  latencySensitive: null,
  confidentialComputing: null,
  cpuReservationMhz: null,
  memoryReservationBytes: null,
  hardwareVersion: null,
};

/** What most sources do not tell of a disk; readers set what they know. */
export const UNTOLD_DISK = {
  usedBytes: null,
  mode: 'persistent',
  rawDevice: null,
  shared: false,
  encrypted: false,
  thin: null,
  datastore: null,
  key: null,
} as const satisfies Partial<Disk>;

/** What most sources do not tell of a network card. */
export const UNTOLD_NIC = { connected: true, staticMac: null, addresses: [] } as const satisfies Partial<Nic>;

/** What most sources do not tell of a machine. */
export const UNTOLD_MACHINE = {
  instanceUuid: null,
  objectId: null,
  server: null,
  cimOs: null,
  osDescription: '',
  startOrder: null,
  startDelaySeconds: 0,
  powerState: null,
  template: false,
  placeholder: false,
  encrypted: false,
  virtualTpm: false,
  nvram: null,
  devices: [],
  snapshots: [],
  placement: UNKNOWN_PLACEMENT,
  guest: UNKNOWN_GUEST,
  features: UNKNOWN_FEATURES,
  settings: {},
  properties: {},
} as const satisfies Partial<VirtualMachine>;

/** The files of this computer that a disk consists of; none for one that lies elsewhere. */
export function diskParts(disk: Pick<Disk, 'location'> | undefined): readonly DiskPart[] {
  return disk?.location?.kind === 'files' ? disk.location.parts : [];
}

/** The algorithm of the manifest that covers a disk; null when none does. */
export function manifestAlgorithm(disk: Disk | undefined): ManifestAlgorithm | null {
  return diskParts(disk)[0]?.expectedDigest?.algorithm ?? null;
}
