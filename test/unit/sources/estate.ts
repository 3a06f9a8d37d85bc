import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Inventory, Problem } from '../../../src/model/inventory.js';
import type { Disk, ManifestAlgorithm, VirtualMachine } from '../../../src/model/virtual-machine.js';
import { buildOvf, disk } from '../ovf-parser/build-ovf.js';

/** Capacity of the disks `streamVmdk` and `Estate.writeFlat` give. */
export const DISK_BYTES = 1_048_576;

export const CAPACITY = `ovf:capacity="${DISK_BYTES}"`;
/** The one disk of `file` in a DiskSection. */
export const DISKS = disk('vmdisk1', 'file1', CAPACITY);

/** The one file of a References element. */
export function file(href: string, attributes = ''): string {
  return `<File ovf:id="file1" ovf:href="${href}" ${attributes}/>`;
}

/** A folder of exports that a test writes and `remove` removes. */
export class Estate {
  readonly root = mkdtempSync(path.join(tmpdir(), 'xenferry-'));

  write(name: string, content: string | Uint8Array): string {
    const target = path.join(this.root, name);
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, content);
    return target;
  }

  /** Writes the descriptor of one machine in `web01/`; gives its text. */
  writeExport(files: string, disks = DISKS): string {
    const text = buildOvf({ files, disks });
    this.write('web01/web01.ovf', text);
    return text;
  }

  /** A monolithicFlat disk: its descriptor and its data beside it. */
  writeFlat(name: string): void {
    const data = name.replace(/\.vmdk$/, '-flat.vmdk');
    const extent = `RW ${DISK_BYTES / 512} FLAT "${path.basename(data)}" 0`;
    const header = '# Disk DescriptorFile\nversion=1\nCID=12345678\nparentCID=ffffffff\n';
    this.write(name, `${header}createType="monolithicFlat"\n${extent}\nddb.adapterType = "lsilogic"\n`);
    this.write(data, new Uint8Array(DISK_BYTES));
  }

  /** An OVA of these files of the estate, in this order. */
  tar(name: string, folder: string, ...members: readonly string[]): string {
    const target = path.join(this.root, name);
    execFileSync('tar', ['--format=ustar', '-cf', target, '-C', path.join(this.root, folder), ...members]);
    return target;
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** A streamOptimized VMDK of 1 MiB, made by qemu-img. */
export function streamVmdk(): Buffer {
  const folder = mkdtempSync(path.join(tmpdir(), 'xenferry-'));
  const raw = path.join(folder, 'disk.raw');
  const vmdk = path.join(folder, 'disk.vmdk');
  writeFileSync(raw, Buffer.alloc(DISK_BYTES, 'xenferry'));
  const options = 'convert -f raw -O vmdk -o subformat=streamOptimized'.split(' ');
  execFileSync('qemu-img', [...options, raw, vmdk]);
  const bytes = readFileSync(vmdk);
  rmSync(folder, { recursive: true });
  return bytes;
}

export function digest(algorithm: ManifestAlgorithm, content: string | Uint8Array): string {
  return createHash(algorithm).update(content).digest('hex');
}

export function onlyMachine({ machines, problems }: Inventory): VirtualMachine {
  const [machine] = machines;
  if (machine === undefined || machines.length > 1) {
    throw new Error(`${machines.length} machines: ${JSON.stringify(problems)}`);
  }
  return machine;
}

export function onlyDisk(inventory: Inventory): Disk {
  const { disks } = onlyMachine(inventory);
  const [disk] = disks;
  if (disk === undefined || disks.length > 1) throw new Error(`${disks.length} disks`);
  return disk;
}

/** `severity code file` of each problem. */
export function summaries(problems: readonly Problem[]): readonly string[] {
  return problems.map(({ severity, code, file }) => `${severity} ${code} ${file}`);
}
