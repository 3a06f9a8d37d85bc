import fc from 'fast-check';

/** A descriptor before it is written: what it says, not how it is spelled. */
export interface OvfModel {
  readonly machines: readonly ModelMachine[];
}

export interface ModelMachine {
  readonly id: string;
  readonly name: string;
  readonly annotation: string;
  readonly cpus: number;
  readonly coresPerSocket: number;
  readonly memoryMib: number;
  readonly efi: boolean;
  readonly hotAdd: boolean;
  readonly startOrder: number;
  readonly controllers: readonly ModelController[];
  readonly nics: readonly ModelNic[];
  /** ResourceType and ResourceSubType of devices that are of a kind each. */
  readonly devices: readonly ModelDevice[];
  readonly extraConfig: readonly (readonly [string, string])[];
  readonly properties: readonly (readonly [string, string])[];
}

export interface ModelController {
  readonly resourceType: number;
  readonly subType: string;
  /** As the reader calls it. */
  readonly kind: string;
  readonly bus: number;
  readonly disks: readonly ModelDisk[];
}

export interface ModelDisk {
  readonly unit: number;
  readonly capacityMib: number;
  readonly usedBytes: number;
  readonly mode: string;
}

export interface ModelNic {
  readonly network: string;
  readonly subType: string;
  readonly adapter: string;
  readonly mac: string | null;
  readonly connected: boolean;
}

export interface ModelDevice {
  readonly resourceType: number;
  readonly subType: string;
  readonly kind: string;
  readonly label: string;
}

/** A controller of each family, so that buses may be alike. */
const CONTROLLERS = [
  { resourceType: 6, subType: 'VirtualSCSI', kind: 'pvscsi' },
  { resourceType: 5, subType: 'PIIX4', kind: 'ide' },
  { resourceType: 20, subType: 'vmware.sata.ahci', kind: 'ahci' },
  { resourceType: 20, subType: 'vmware.nvme.controller', kind: 'nvme' },
] as const;

const ADAPTERS = [
  { subType: 'VmxNet3', adapter: 'vmxnet3' },
  { subType: 'E1000', adapter: 'e1000' },
  { subType: 'E1000e', adapter: 'e1000e' },
  { subType: 'PCNet32', adapter: 'pcnet32' },
] as const;

const DEVICES = [
  { resourceType: 14, subType: 'vmware.floppy.device', kind: 'floppy' },
  { resourceType: 15, subType: 'vmware.cdrom.remotepassthrough', kind: 'cdrom' },
  { resourceType: 21, subType: 'vmware.serialport.device', kind: 'serial' },
  { resourceType: 22, subType: 'vmware.parallelport.device', kind: 'parallel' },
  { resourceType: 23, subType: 'vmware.usb.xhci', kind: 'usb-controller' },
  { resourceType: 1, subType: 'vmware.soundcard.hdaudio', kind: 'sound' },
  { resourceType: 1, subType: 'vmware.wdt', kind: 'watchdog' },
] as const;

const MODES = ['persistent', 'independent_persistent', 'independent_nonpersistent', 'append'];

/** Text that XML keeps: no control characters, no blanks at the ends, markup and other scripts welcome. */
const text = fc
  .array(fc.constantFrom('a', 'Z', '0', ' ', '&', '<', '>', '"', "'", 'é', '東', '𝔵', '-', ']]>'), {
    minLength: 1,
    maxLength: 12,
  })
  .map((parts) => `x${parts.join('')}x`);

const keyed = fc.uniqueArray(fc.tuple(fc.stringMatching(/^[a-z]{1,8}\.[a-z]{1,8}$/), text), {
  selector: ([key]) => key,
  maxLength: 4,
});

const disks = fc.uniqueArray(
  fc.record({
    unit: fc.nat(15),
    capacityMib: fc.integer({ min: 1, max: 62 * 2 ** 20 }),
    usedBytes: fc.nat(2 ** 40),
    mode: fc.constantFrom(...MODES),
  }),
  { selector: ({ unit }) => unit, maxLength: 4 },
);

const controllers = fc
  .subarray([...CONTROLLERS])
  .chain((kinds) =>
    fc.tuple(
      ...kinds.map((kind) =>
        fc.record({ bus: fc.nat(3), disks }).map((rest): ModelController => ({ ...kind, ...rest })),
      ),
    ),
  );

const nic = fc
  .record({
    type: fc.constantFrom(...ADAPTERS),
    network: text,
    mac: fc.option(fc.stringMatching(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/), { nil: null }),
    connected: fc.boolean(),
  })
  .map(({ type, ...rest }): ModelNic => ({ ...type, ...rest }));

const device = fc
  .record({ type: fc.constantFrom(...DEVICES), label: text })
  .map(({ type, label }): ModelDevice => ({ ...type, label }));

const machine: fc.Arbitrary<Omit<ModelMachine, 'id'>> = fc
  .record({
    name: text,
    annotation: text,
    sockets: fc.integer({ min: 1, max: 8 }),
    coresPerSocket: fc.integer({ min: 1, max: 16 }),
    memoryMib: fc.integer({ min: 1, max: 2 ** 22 }),
    efi: fc.boolean(),
    hotAdd: fc.boolean(),
    startOrder: fc.nat(100),
    controllers,
    nics: fc.array(nic, { maxLength: 3 }),
    devices: fc.array(device, { maxLength: 4 }),
    extraConfig: keyed,
    properties: keyed,
  })
  .map(({ sockets, ...rest }) => ({ ...rest, cpus: sockets * rest.coresPerSocket }));

/** Any descriptor of one to three machines. */
export const ovfModels: fc.Arbitrary<OvfModel> = fc
  .array(machine, { minLength: 1, maxLength: 3 })
  .map((machines) => ({ machines: machines.map((each, index) => ({ ...each, id: `vm-${index}` })) }));
