import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { windowsDisk } from '../support/windows-disk.js';
import { measure, median } from './measure.js';

const ROUNDS = Number(process.env.XENFERRY_BENCH_ROUNDS ?? 5);
/** libguestfs takes half a minute a time, and its figures differ little. */
const LIBGUESTFS_ROUNDS = 3;
const MAIN = fileURLToPath(new URL('./xenferry.js', import.meta.url));
const BUILD_GUEST = fileURLToPath(new URL('../test/guests/build.sh', import.meta.url));

interface Guest {
  readonly title: string;
  /** Path of its disk. */
  readonly disk: string;
  readonly firmware: 'bios' | 'efi';
}

/**
 * All fixups of a whole Debian and of a Windows-like disk, from the start of the command to its end: the quick way beside
 * libguestfs, where that is installed. Wall time, as most of the work is done by daemons; rows of a table in Markdown.
 */
export async function benchGuests(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'xenferry-bench-'));
  try {
    console.log('| guest | way | wall s | ratio |');
    console.log('| --- | --- | --- | --- |');
    for (const guest of [debian(), await windows(folder)]) benchGuest(guest, join(folder, 'layers'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function benchGuest({ title, disk, firmware }: Guest, layers: string): void {
  const nic = ['--nic', '00:50:56:95:08:bb'];
  const command = ['node', MAIN, 'guest', 'fix', disk, '--into', layers, '--firmware', firmware, ...nic];
  const quick = medianSeconds(command, ROUNDS);
  console.log(`| ${title} | quick | ${quick.toFixed(2)} | 1 |`);
  if (!hasLibguestfs()) return;
  const slow = medianSeconds([...command, '--isolate'], LIBGUESTFS_ROUNDS);
  console.log(`| ${title} | libguestfs | ${slow.toFixed(2)} | ${(slow / quick).toFixed(1)} |`);
}

/** The first round warms up and does not count. */
function medianSeconds(command: readonly string[], rounds: number): number {
  const seconds = Array.from({ length: rounds + 1 }, () => measure(command).wallSeconds);
  return median(seconds.slice(1));
}

function debian(): Guest {
  const disk = execFileSync('bash', [BUILD_GUEST, 'mbr-ext4'], { encoding: 'utf8' }).trim();
  return { title: 'Debian 12', disk, firmware: 'bios' };
}

async function windows(folder: string): Promise<Guest> {
  const { raw } = await windowsDisk(folder, '2016');
  const disk = join(folder, 'windows.vmdk');
  execFileSync('qemu-img', ['convert', '-O', 'vmdk', '-o', 'subformat=streamOptimized', raw, disk]);
  return { title: 'Windows Server 2016, hives and stubs', disk, firmware: 'efi' };
}

function hasLibguestfs(): boolean {
  try {
    execFileSync('guestfish', ['--version']);
    return true;
  } catch {
    return false;
  }
}
