import type { InspectedGuest } from '../../src/guests/fixups/fixup.js';
import { inspectWindows } from '../../src/guests/inspection/windows.js';
import { expand, exportHive, type HiveTree, makeHive } from './hive-maker.js';
import { testNic } from './machines.js';
import { type MemoryContent, MemoryFiles } from './memory-files.js';

const CONFIG = '/Windows/System32/config';
export const NETWORK_CLASS = '{4D36E972-E325-11CE-BFC1-08002BE10318}';
export const CARD = '{1B2A3C4D-0000-4000-8000-00C0FFEE0001}';
export const VMXNET3 = 'PCI\\VEN_15AD&DEV_07B0&SUBSYS_07B015AD&REV_01';
export const TOOLS = '{F32C4E7B-2BF8-4788-8408-824C6896E1BB}';

interface Release {
  readonly name: string;
  readonly version: string;
  readonly build: string;
  readonly kind: 'Client' | 'Server';
  readonly is32?: boolean;
}

export type WindowsRelease = '7' | '8' | '2012' | '2012r2' | '2016' | '11';

const RELEASES: Readonly<Record<WindowsRelease, Release>> = {
  7: { name: 'Windows 7 Professional', version: '6.1', build: '7601', kind: 'Client', is32: true },
  8: { name: 'Windows 8 Pro', version: '6.2', build: '9200', kind: 'Client' },
  2012: { name: 'Windows Server 2012 Standard', version: '6.2', build: '9200', kind: 'Server' },
  '2012r2': { name: 'Windows Server 2012 R2 Standard', version: '6.3', build: '9600', kind: 'Server' },
  2016: { name: 'Windows Server 2016 Standard', version: '10.0', build: '14393', kind: 'Server' },
  11: { name: 'Windows 10 Pro', version: '10.0', build: '22631', kind: 'Client' },
};

const service = (start: number, driver: string) => ({
  Start: start,
  Type: 1,
  ErrorControl: 1,
  ImagePath: expand(`System32\\drivers\\${driver}.sys`),
});

/** As a guest with VMware Tools and one vmxnet3 card with a static address has it, in control set 2. */
function systemTree(isNew: boolean): HiveTree {
  const set = 'ControlSet002';
  const overrides = isNew ? { '0': 3 } : null;
  return {
    Select: { Current: 2, Default: 2, Failed: 0, LastKnownGood: 1 },
    MountedDevices: { '\\DosDevices\\C:': Buffer.from('123400005006000000000000', 'hex') },
    'ControlSet001\\Services\\intelide': service(3, 'intelide'),
    [`${set}\\Control\\ProductOptions`]: { ProductType: 'ServerNT' },
    [`${set}\\Control\\CrashControl`]: { AutoReboot: 1 },
    [`${set}\\Control\\Class\\{4D36E96F-E325-11CE-BFC1-08002BE10318}`]: {
      UpperFilters: ['vmmouse', 'mouclass'],
      LowerFilters: ['VSEPFLT'],
    },
    [`${set}\\Control\\Class\\${NETWORK_CLASS}\\0007`]: {
      NetCfgInstanceId: CARD,
      NetLuidIndex: 32_770,
      '*IfType': 6,
    },
    [`${set}\\Control\\NetworkProvider\\Order`]: { ProviderOrder: 'RDPNP,vmhgfs,LanmanWorkstation' },
    [`${set}\\Control\\Network\\${NETWORK_CLASS}\\${CARD}\\Connection`]: { Name: 'O\'Hara\'s "LAN" $(x)' },
    [`${set}\\Control\\Nsi\\{eb004a01-9b1a-11d4-9123-0050047759bc}\\10`]: {
      '000000028000060020010db8000000010000000000000020': Buffer.from(
        `${'ff'.repeat(16)}40${'00'.repeat(15)}`,
        'hex',
      ),
      '0000000280000600fe800000000000000000000000000001': Buffer.alloc(48),
    },
    [`${set}\\Enum\\${VMXNET3}\\FF565000BB0895FE00`]: {
      Service: 'vmxnet3ndis6',
      Driver: `${NETWORK_CLASS.toLowerCase()}\\0007`,
    },
    [`${set}\\Enum\\PCI\\VEN_15AD&DEV_07C0&SUBSYS_07C015AD&REV_02\\0`]: { Service: 'pvscsi' },
    [`${set}\\Services\\pvscsi`]: service(0, 'pvscsi'),
    [`${set}\\Services\\LSI_SAS`]: service(0, 'lsi_sas'),
    [`${set}\\Services\\intelide`]: service(3, 'intelide'),
    [`${set}\\Services\\pciide`]: service(3, 'pciide'),
    [`${set}\\Services\\atapi`]: service(3, 'atapi'),
    ...(overrides === null
      ? {}
      : {
          [`${set}\\Services\\atapi\\StartOverride`]: overrides,
          [`${set}\\Services\\stornvme`]: service(3, 'stornvme'),
          [`${set}\\Services\\stornvme\\StartOverride`]: overrides,
        }),
    [`${set}\\Services\\VMTools`]: { Start: 2, Type: 16 },
    [`${set}\\Services\\vmci`]: service(0, 'vmci'),
    [`${set}\\Services\\Tcpip\\Parameters\\PersistentRoutes`]: {
      '10.0.0.0,255.0.0.0,192.0.2.9,1': '',
      '10.0.0.0,255.0.0.0,192.0.2.9 & del,1': '',
    },
    [`${set}\\Services\\Tcpip\\Parameters\\Interfaces\\${CARD}`]: {
      EnableDHCP: 0,
      IPAddress: ['192.0.2.20', '198.51.100.5'],
      SubnetMask: ['255.255.255.0', '255.255.254.0'],
      DefaultGateway: ['192.0.2.1'],
      NameServer: '192.0.2.53,192.0.2.54 evil',
      Domain: 'example.test',
    },
    [`${set}\\Services\\Tcpip6\\Parameters\\Interfaces\\${CARD.toLowerCase()}`]: {
      NameServer: '2001:db8::53',
    },
  };
}

function softwareTree({ name, version, build, kind }: Release): HiveTree {
  const isTen = version === '10.0';
  return {
    'Microsoft\\Windows NT\\CurrentVersion': {
      ProductName: name,
      CurrentVersion: isTen ? '6.3' : version,
      CurrentBuildNumber: build,
      InstallationType: kind,
      SystemRoot: 'C:\\Windows',
      ...(isTen ? { CurrentMajorVersionNumber: 10, CurrentMinorVersionNumber: 0 } : {}),
    },
    'Microsoft\\Windows\\CurrentVersion\\Run': {
      'VMware User Process': '"vmtoolsd.exe" -n vmusr',
      Other: 'x',
    },
    [`Microsoft\\Windows\\CurrentVersion\\Uninstall\\${TOOLS}`]: { DisplayName: 'VMware Tools' },
    'Microsoft\\Windows\\CurrentVersion\\Uninstall\\{x} & del': { DisplayName: 'VMware Tools' },
    'Microsoft\\Windows\\CurrentVersion\\Uninstall\\7-Zip': { DisplayName: '7-Zip' },
  };
}

const hives = new Map<string, Buffer>();

function hive(name: string, tree: () => HiveTree): Buffer {
  const known = hives.get(name) ?? makeHive(tree());
  hives.set(name, known);
  return known;
}

/** A program as far as its PE header tells the machine. */
function program(machine: number): Buffer {
  const bytes = Buffer.alloc(128);
  bytes.write('MZ');
  bytes.writeUInt32LE(64, 60);
  bytes.write('PE\0\0', 64, 'latin1');
  bytes.writeUInt16LE(machine, 68);
  return bytes;
}

export interface TestWindows {
  readonly files: MemoryFiles;
  readonly guest: InspectedGuest;
}

export async function windowsGuest(
  release: WindowsRelease,
  changes: Partial<InspectedGuest> = {},
  tree: Readonly<Record<string, MemoryContent>> = {},
): Promise<TestWindows> {
  const known = RELEASES[release];
  const isNew = Number(known.version.split('.')[0]) >= 10 || known.version >= '6.2';
  const drivers = ['atapi', 'intelide', 'pciide', 'pciidex', 'storport', 'storahci'];
  if (known.version !== '6.1' && known.version !== '6.2') drivers.push('stornvme');
  const files = new MemoryFiles(
    {
      [`${CONFIG}/SYSTEM`]: hive(`system ${isNew}`, () => systemTree(isNew)),
      [`${CONFIG}/SOFTWARE`]: hive(`software ${release}`, () => softwareTree(known)),
      '/Windows/System32/ntoskrnl.exe': program(known.is32 === true ? 0x14c : 0x8664),
      ...Object.fromEntries(drivers.map((name) => [`/Windows/System32/Drivers/${name}.sys`, 'x'])),
      ...tree,
    },
    { foldsCase: true },
  );
  const { firmware = 'bios', nics = [testNic({ mac: '00:50:56:95:08:bb' })], fileSystems = [] } = changes;
  const guest = await inspectWindows(files, firmware, nics, fileSystems);
  if (guest === null) throw new Error('no Windows was found');
  return { files, guest: { ...guest, ...changes } };
}

/** What hivexregedit reads in the guest's hive, by key and name. */
export async function registry(
  files: MemoryFiles,
  hiveName: 'SYSTEM' | 'SOFTWARE',
): Promise<Record<string, Record<string, string>>> {
  const bytes = await files.read(`${CONFIG}/${hiveName}`, Number.MAX_SAFE_INTEGER);
  if (bytes === null) throw new Error(`no ${hiveName}`);
  return exportHive(bytes);
}

/** Lines of a script, which must all end as Windows' do. */
export async function scriptLines(files: MemoryFiles, path: string): Promise<string[]> {
  const text = (await files.text(path)) ?? '';
  if (!/^(?:[^\r\n]*\r\n)+$/.test(text)) throw new Error(`${path} has other line ends, or is missing`);
  return text.trimEnd().split('\r\n');
}
