import type { Severity } from '../../model/inventory.js';

/** How a column's cells are understood. `bytes` are counted in the unit the heading names, MiB where it names none. */
export type ColumnKind = 'text' | 'number' | 'bytes' | 'flag' | 'date';

export interface Column {
  readonly kind: ColumnKind;
  /** Headings without unit, best first. */
  readonly names: readonly string[];
  /** How much the plan misses without it; null for what many exports lack without harm. */
  readonly missing: Severity | null;
}

export type Columns = Readonly<Record<string, Column>>;

export interface Tab<C extends Columns = Columns> {
  readonly name: string;
  readonly columns: C;
  /** How much the plan misses without the whole tab. */
  readonly missing: Severity | null;
}

function column<K extends ColumnKind>(kind: K, missing: Severity | null, ...names: readonly string[]) {
  return { kind, missing, names } as const;
}

/** What says to which machine a row belongs. Old versions know the name only. */
const MACHINE = {
  name: column('text', 'warning', 'VM', 'VM Name'),
  vmId: column('text', null, 'VM ID'),
  vmUuid: column('text', null, 'VM UUID'),
  sdkUuid: column('text', null, 'VI SDK UUID'),
  host: column('text', null, 'Host'),
} as const;

/**
 * The tabs of an RVTools export that a plan draws on, with the headings of RVTools 3.6 to 4.7. Up to version 4.0 sizes
 * are headed "MB", later "MiB"; both are 2^20 bytes.
 */
export const VINFO = {
  name: 'vInfo',
  missing: 'critical',
  columns: {
    ...MACHINE,
    vmId: column('text', 'information', 'VM ID'),
    vmUuid: column('text', 'information', 'VM UUID'),
    sdkUuid: column('text', null, 'VI SDK UUID'),
    biosUuid: column('text', null, 'SMBIOS UUID'),
    sdkServer: column('text', null, 'VI SDK Server'),
    powerState: column('text', 'warning', 'Powerstate'),
    template: column('flag', 'warning', 'Template'),
    placeholder: column('flag', 'information', 'SRM Placeholder'),
    dnsName: column('text', 'information', 'DNS Name'),
    guestState: column('text', null, 'Guest state'),
    consolidationNeeded: column('flag', 'information', 'Consolidation Needed'),
    cpus: column('number', 'warning', 'CPUs'),
    memory: column('bytes', 'warning', 'Memory'),
    latencySensitivity: column('text', null, 'Latency Sensitivity', 'Latency Sensitive'),
    diskUuids: column('flag', 'information', 'EnableUUID'),
    changeTracking: column('flag', 'information', 'CBT'),
    primaryAddress: column('text', null, 'Primary IP Address'),
    network1: column('text', null, 'Network #1'),
    network2: column('text', null, 'Network #2'),
    network3: column('text', null, 'Network #3'),
    network4: column('text', null, 'Network #4'),
    network5: column('text', null, 'Network #5'),
    network6: column('text', null, 'Network #6'),
    network7: column('text', null, 'Network #7'),
    network8: column('text', null, 'Network #8'),
    resourcePool: column('text', null, 'Resource pool'),
    folder: column('text', 'information', 'Folder'),
    highAvailability: column('flag', null, 'DAS protection'),
    faultTolerance: column('text', 'information', 'FT State'),
    inUse: column('bytes', 'information', 'In Use'),
    clusterRules: column('text', null, 'Cluster rule(s)'),
    secureBoot: column('flag', 'information', 'EFI Secure boot'),
    firmware: column('text', 'warning', 'Firmware'),
    hardwareVersion: column('text', 'information', 'HW version'),
    annotation: column('text', null, 'Annotation'),
    datacenter: column('text', null, 'Datacenter'),
    cluster: column('text', null, 'Cluster'),
    host: column('text', 'information', 'Host'),
    configuredOs: column('text', 'warning', 'OS according to the configuration file', 'OS'),
    reportedOs: column('text', 'information', 'OS according to the VMware Tools'),
  },
} as const satisfies Tab;

export const VDISK = {
  name: 'vDisk',
  missing: 'warning',
  columns: {
    ...MACHINE,
    label: column('text', null, 'Disk'),
    key: column('text', null, 'Disk Key'),
    path: column('text', 'information', 'Disk Path', 'Path'),
    capacity: column('bytes', 'warning', 'Capacity'),
    raw: column('flag', 'warning', 'Raw'),
    mode: column('text', 'information', 'Disk Mode'),
    sharing: column('text', 'information', 'Sharing mode'),
    thin: column('flag', 'information', 'Thin'),
    controller: column('text', 'information', 'Controller'),
    controllerLabel: column('text', null, 'Label'),
    unit: column('number', null, 'Unit #'),
    sharedBus: column('text', null, 'Shared Bus'),
    rawMode: column('text', null, 'Raw Comp. Mode'),
  },
} as const satisfies Tab;

export const VNETWORK = {
  name: 'vNetwork',
  missing: 'warning',
  columns: {
    ...MACHINE,
    label: column('text', null, 'NIC label'),
    adapter: column('text', 'information', 'Adapter'),
    network: column('text', 'warning', 'Network'),
    connected: column('flag', null, 'Connected'),
    startsConnected: column('flag', null, 'Starts Connected'),
    mac: column('text', 'information', 'Mac Address'),
    type: column('text', null, 'Type'),
    ipv4: column('text', null, 'IPv4 Address', 'IP Address'),
    ipv6: column('text', null, 'IPv6 Address'),
  },
} as const satisfies Tab;

export const VCPU = {
  name: 'vCPU',
  missing: 'information',
  columns: {
    ...MACHINE,
    cpus: column('number', null, 'CPUs'),
    sockets: column('number', null, 'Sockets'),
    coresPerSocket: column('number', 'information', 'Cores p/s'),
    reservation: column('number', null, 'Reservation'),
    hotAdd: column('flag', null, 'Hot Add'),
  },
} as const satisfies Tab;

export const VMEMORY = {
  name: 'vMemory',
  missing: 'information',
  columns: {
    ...MACHINE,
    size: column('bytes', null, 'Size'),
    reservation: column('bytes', null, 'Reservation'),
    hotAdd: column('flag', null, 'Hot Add'),
  },
} as const satisfies Tab;

export const VPARTITION = {
  name: 'vPartition',
  missing: 'information',
  columns: {
    ...MACHINE,
    diskKey: column('text', null, 'Disk Key'),
    path: column('text', 'information', 'Disk'),
    capacity: column('bytes', 'information', 'Capacity'),
    consumed: column('bytes', null, 'Consumed'),
    free: column('bytes', null, 'Free'),
  },
} as const satisfies Tab;

export const VCD = {
  name: 'vCD',
  missing: null,
  columns: {
    ...MACHINE,
    node: column('text', null, 'Device Node'),
    connected: column('flag', null, 'Connected'),
    startsConnected: column('flag', null, 'Starts Connected'),
    type: column('text', null, 'Device Type'),
  },
} as const satisfies Tab;

export const VUSB = {
  name: 'vUSB',
  missing: null,
  columns: {
    ...MACHINE,
    node: column('text', null, 'Device Node'),
    connected: column('flag', null, 'Connected'),
    type: column('text', null, 'Device Type'),
  },
} as const satisfies Tab;

export const VSNAPSHOT = {
  name: 'vSnapshot',
  missing: 'information',
  columns: {
    ...MACHINE,
    title: column('text', 'information', 'Name'),
    createdAt: column('date', 'information', 'Date / time'),
    state: column('text', null, 'State'),
  },
} as const satisfies Tab;

export const VTOOLS = {
  name: 'vTools',
  missing: 'information',
  columns: { ...MACHINE, state: column('text', 'information', 'Tools') },
} as const satisfies Tab;

export const VCLUSTER = {
  name: 'vCluster',
  missing: 'information',
  columns: {
    name: column('text', null, 'Name'),
    drs: column('flag', null, 'DRS enabled'),
    dpm: column('flag', null, 'DPM enabled'),
    sdkUuid: column('text', null, 'VI SDK UUID'),
  },
} as const satisfies Tab;

export const VHOST = {
  name: 'vHost',
  missing: null,
  columns: {
    name: column('text', null, 'Host'),
    datacenter: column('text', null, 'Datacenter'),
    cluster: column('text', null, 'Cluster'),
    inMaintenance: column('flag', null, 'in Maintenance Mode'),
    cpus: column('number', null, '# CPU'),
    cores: column('number', null, '# Cores'),
    memory: column('bytes', null, '# Memory'),
  },
} as const satisfies Tab;

export const VDATASTORE = {
  name: 'vDatastore',
  missing: null,
  columns: {
    name: column('text', null, 'Name'),
    type: column('text', null, 'Type'),
    capacity: column('bytes', null, 'Capacity'),
    free: column('bytes', null, 'Free'),
  },
} as const satisfies Tab;

/** Headings of vInfo that no plan needs. Whatever else stands there is a custom attribute. */
export const UNUSED_VINFO_HEADINGS: readonly string[] = [
  'Config status',
  'Connection state',
  'Heartbeat',
  'PowerOn',
  'Suspended To Memory',
  'Suspend time',
  'Suspend Interval',
  'Creation date',
  'Change Version',
  'Overall Cpu Readiness',
  'Active Memory',
  'NICs',
  'Disks',
  'Total disk capacity',
  'Fixed Passthru HotPlug',
  'min Required EVC Mode Key',
  'Op Notification Timeout',
  'Num Monitors',
  'Video Ram',
  'Folder ID',
  'vApp',
  'FT Role',
  'FT Latency',
  'FT Bandwidth',
  'FT Sec. Latency',
  'Vm Failover In Progress',
  'Provisioned',
  'Unshared',
  'HA Restart Priority',
  'HA Isolation Response',
  'HA VM Monitoring',
  'Cluster rule name(s)',
  'Boot Required',
  'Boot delay',
  'Boot retry delay',
  'Boot retry enabled',
  'Boot BIOS setup',
  'Reboot PowerOff',
  'HW upgrade status',
  'HW upgrade policy',
  'HW target',
  'Path',
  'Log directory',
  'Snapshot directory',
  'Suspend directory',
  'Customization Info',
  'Guest Detailed Data',
  'Object ID',
  'VMRef',
  'VI SDK Server type',
  'VI SDK API Version',
];
