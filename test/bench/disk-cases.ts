import { resolve } from 'node:path';
import { benchFile, guestOva, guestVmdk, incompressibleVmdk, thinDisks } from './guest-disk.js';

/** One disk and what converts it; outputs are VHDs. */
export interface DiskCase {
  readonly title: string;
  /** Files are made when they are asked for. */
  readonly contenders: () => readonly Contender[];
  /** Whether inflating is part of the work. */
  readonly compressed: boolean;
}

export interface Contender {
  readonly name: string;
  readonly output: string;
  readonly command: readonly string[];
}

const FLAGS = ['-W', '-m', '16', '-O', 'vpc', '-o', 'subformat=dynamic,force_size=on'];

export const DISK_CASES: Readonly<Record<string, DiskCase>> = {
  stream: disk('streamOptimized', true, () => guestVmdk('streamOptimized')),
  sparse: disk('monolithicSparse', false, () => guestVmdk('monolithicSparse')),
  split: disk('split (twoGbMaxExtentSparse)', false, () => guestVmdk('twoGbMaxExtentSparse')),
  flat: disk('flat (monolithicFlat)', false, () => guestVmdk('monolithicFlat')),
  incompressible: disk('streamOptimized, incompressible', true, incompressibleVmdk),
  ova: {
    title: 'streamOptimized inside an OVA',
    compressed: true,
    contenders: () => {
      const { member, qemuName } = guestOva();
      return [qemu(qemuName), durableQemu(qemuName), ours(member, 1), ours(member, 2)];
    },
  },
  thin: {
    title: 'thin flat, 1 GiB of data in 1 TiB',
    compressed: false,
    contenders: () => {
      const { alone, scattered } = thinDisks();
      return [
        qemu(scattered),
        durableQemu(scattered),
        ours(scattered, 1),
        ours(scattered, 2),
        { ...ours(alone, 2, 'alone.vhd'), name: 'ours, 2 workers, the 1 GiB alone' },
      ];
    },
  },
};

function disk(title: string, compressed: boolean, make: () => string): DiskCase {
  return {
    title,
    compressed,
    contenders: () => {
      const vmdk = make();
      return [qemu(vmdk), durableQemu(vmdk), ours(vmdk, 1), ours(vmdk, 2)];
    },
  };
}

function qemu(input: string): Contender {
  const output = benchFile('qemu.vhd');
  return { name: 'qemu-img', output, command: ['qemu-img', 'convert', ...FLAGS, input, output] };
}

/** Ends when its output is on the disk, as ours does; by default QEMU leaves that to the kernel. */
function durableQemu(input: string): Contender {
  const output = benchFile('durable.vhd');
  const command = ['qemu-img', 'convert', '-t', 'writeback', ...FLAGS, input, output];
  return { name: 'qemu-img, durable', output, command };
}

function ours(input: string, workers: number, name = `ours${workers}.vhd`): Contender {
  const output = benchFile(name);
  const cli = [process.execPath, resolve('dist/xenferry.js')];
  const command = [...cli, 'convert', input, output, '--workers', String(workers)];
  return { name: `ours, ${workers} worker${workers === 1 ? '' : 's'}`, output, command };
}
