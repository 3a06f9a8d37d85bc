import { makeXlsx, type Sheet, type SheetCell } from '../support/xlsx-maker.js';

const SYSTEMS = ['Ubuntu Linux (64-bit)', 'Microsoft Windows Server 2016 (64-bit)', 'CentOS 7 (64-bit)'];
const SDK = '11111111-2222-3333-4444-555555555555';

/**
 * RVTools' workbook of so many machines: two disks, two network cards and three partitions each, twenty machines a host
 * and forty a datastore.
 */
export function rvtoolsWorkbook(machines: number): Buffer {
  const all = Array.from({ length: machines }, (_, index) => index);
  return makeXlsx([
    sheet('vInfo', all.map(info)),
    sheet(
      'vDisk',
      all.flatMap((index) => [0, 1].map((disk) => diskRow(index, disk))),
    ),
    sheet(
      'vNetwork',
      all.flatMap((index) => [0, 1].map((card) => networkRow(index, card))),
    ),
    sheet(
      'vPartition',
      all.flatMap((index) => ['/', '/boot', '/data'].map((path) => partitionRow(index, path))),
    ),
  ]);
}

type Row = Readonly<Record<string, SheetCell>>;

function sheet(name: string, rows: readonly Row[]): Sheet {
  const headings = Object.keys(rows[0] ?? {});
  return { name, rows: [headings, ...rows.map((row) => headings.map((heading) => row[heading] ?? null))] };
}

function machine(index: number): Row {
  return { VM: `vm${index}`, 'VM ID': `vm-${1000 + index}`, 'VI SDK UUID': SDK };
}

function info(index: number): Row {
  return {
    ...machine(index),
    Powerstate: index % 7 === 0 ? 'poweredOff' : 'poweredOn',
    Template: false,
    CPUs: 1 + (index % 8),
    Memory: 1024 * (1 + (index % 32)),
    'Primary IP Address': `10.${(index >> 8) & 255}.${index & 255}.5`,
    Folder: `/Prod/Team ${index % 40}`,
    'In Use MiB': 1000 * (5 + (index % 90)),
    Firmware: index % 3 === 0 ? 'efi' : 'bios',
    'HW version': 'vmx-19',
    Annotation: index % 5 === 0 ? `Owner: team ${index % 40}` : null,
    Cluster: `cluster ${index % 10}`,
    Host: `esx${Math.floor(index / 20)}.example.org`,
    'OS according to the configuration file': SYSTEMS[index % SYSTEMS.length] ?? '',
    'SMBIOS UUID': uuid('4210', index),
    'VM UUID': uuid('5010', index),
  };
}

function uuid(kind: string, index: number): string {
  return `${kind}aaaa-0000-4000-8000-${String(index).padStart(12, '0')}`;
}

function diskRow(index: number, disk: number): Row {
  return {
    ...machine(index),
    Disk: `Hard disk ${disk + 1}`,
    'Disk Key': 2000 + disk,
    'Disk Path': `[datastore${Math.floor(index / 40) + disk}] vm${index}/vm${index}_${disk}.vmdk`,
    'Capacity MiB': 1024 * (20 + ((index * 37 + disk * 11) % 180)),
    Raw: false,
    'Disk Mode': 'persistent',
    Thin: true,
    Controller: 'VMware paravirtual SCSI',
    Label: 'SCSI controller 0',
    'Unit #': disk,
    'Shared Bus': 'noSharing',
  };
}

function networkRow(index: number, card: number): Row {
  const bytes = [index >> 16, (index >> 8) & 255, index & 255].map((byte) =>
    byte.toString(16).padStart(2, '0'),
  );
  return {
    ...machine(index),
    Adapter: 'VirtualVmxnet3',
    Network: `VLAN ${(index + card) % 50}`,
    Connected: true,
    'Starts Connected': true,
    'Mac Address': `00:50:${card === 0 ? '56' : '57'}:${bytes.join(':')}`,
    Type: 'assigned',
    'IPv4 Address': `10.${(index >> 8) & 255}.${index & 255}.${5 + card}`,
  };
}

function partitionRow(index: number, path: string): Row {
  const capacity = 1000 * (1 + ((index + path.length) % 60));
  return {
    ...machine(index),
    Disk: path,
    'Capacity MiB': capacity,
    'Consumed MiB': Math.floor(capacity / 2),
    'Free MiB': Math.ceil(capacity / 2),
  };
}
