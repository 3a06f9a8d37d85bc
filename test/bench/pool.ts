import { spawn } from 'node:child_process';
import { existsSync, linkSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { z } from 'zod';
import { guestVmdk } from './guest-disk.js';
import { type Cost, measure, median } from './measure.js';

const ROUNDS = Number(process.env.XENFERRY_BENCH_ROUNDS ?? 5);
const MAIN = fileURLToPath(new URL('./xenferry.js', import.meta.url));
const XENFERRY = [process.execPath, MAIN] as const;
/** Of Linux, whatever the kernel's own clock does (`getconf CLK_TCK`). */
const TICKS_PER_SECOND = 100;
const MEMORY = '/dev/shm';
/** Longer than any benchmark; it is stopped when all is done. */
const POOL_SECONDS = '7200';

const POOL = z.object({
  url: z.string(),
  user: z.string(),
  passwordFile: z.string(),
  tlsFingerprints: z.array(z.string()),
});

interface Way {
  readonly title: string;
  readonly command: readonly string[];
  /** What takes away that a run has made. */
  readonly clear: () => void;
  readonly costs: (Cost & { readonly poolCpuSeconds: number })[];
}

/**
 * A machine into a file beside the same machine into a simulated pool on loopback, whose own work, TLS and writing
 * included, the same processors do. Each pair does the same: with what was written read back, and without. Rows of a
 * table in Markdown.
 */
export async function benchPool(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'xenferry-bench-'));
  const pool = spawn(process.execPath, [MAIN, 'simulate-pool', '--json', '--seconds', POOL_SECONDS], {
    stdio: ['ignore', 'pipe', 'inherit'],
    // In memory, where there is any: what its disk takes is not what is asked.
    env: { ...process.env, ...(existsSync(MEMORY) ? { TMPDIR: MEMORY } : {}) },
  });
  try {
    const told = await firstDocument(pool.stdout);
    const disk = resolve(guestVmdk('streamOptimized'));
    const vmx = writeMachine(folder, disk);
    const pairs = [
      [converting(folder, disk), importing(folder, vmx, told, 'none')],
      [running(folder, vmx), importing(folder, vmx, told, 'all')],
    ];
    for (let round = 0; round <= ROUNDS; round++) {
      for (const way of pairs.flat()) {
        const before = cpuSecondsOf(pool.pid ?? 0);
        const cost = measure(way.command);
        const poolCpuSeconds = cpuSecondsOf(pool.pid ?? 0) - before;
        // The first round warms up and does not count.
        if (round > 0) way.costs.push({ ...cost, poolCpuSeconds });
        way.clear();
      }
    }
    console.log("| way | wall s | CPU s | the pool's CPU s | peak MiB | rate of the file | of the limit |");
    console.log('| --- | --- | --- | --- | --- | --- | --- |');
    for (const pair of pairs) tell(pair);
  } finally {
    pool.kill('SIGINT');
    rmSync(folder, { recursive: true, force: true });
  }
}

function converting(folder: string, disk: string): Way {
  const output = join(folder, 'disk.vhd');
  return {
    title: 'a VHD, not read back',
    command: [...XENFERRY, 'convert', disk, output],
    clear: () => rmSync(output),
    costs: [],
  };
}

function running(folder: string, vmx: string): Way {
  const target = join(folder, 'out');
  return {
    title: 'an XVA, read back',
    command: [...XENFERRY, 'run', vmx, '--target', target, '--fixups', 'off'],
    clear: () => rmSync(target, { recursive: true }),
    costs: [],
  };
}

function importing(folder: string, vmx: string, told: z.infer<typeof POOL>, readBack: string): Way {
  const { passwordFile, ...access } = told;
  const target = join(folder, `out-${readBack}`);
  const migration = join(folder, `${readBack}.yaml`);
  const pool = { ...access, password: { file: passwordFile }, readBack };
  writeFileSync(migration, stringify({ version: 1, target: { folder: target, pool } }));
  return {
    title: `a pool, ${readBack === 'all' ? 'read back' : 'not read back'}`,
    command: [...XENFERRY, 'run', vmx, '-m', migration, '--fixups', 'off'],
    clear: () => {
      measure([...XENFERRY, 'cleanup', target, '--all']);
      rmSync(target, { recursive: true });
    },
    costs: [],
  };
}

/** A machine of that disk, in a folder of its own. */
function writeMachine(folder: string, disk: string): string {
  const own = join(folder, 'machine');
  mkdirSync(own);
  linkSync(disk, join(own, 'disk.vmdk'));
  const vmx = join(own, 'bench.vmx');
  const settings = {
    'config.version': '8',
    displayName: 'bench',
    guestOS: 'debian12-64',
    numvcpus: '2',
    memSize: '512',
    'scsi0.present': 'TRUE',
    'scsi0:0.present': 'TRUE',
    'scsi0:0.fileName': 'disk.vmdk',
  };
  writeFileSync(
    vmx,
    Object.entries(settings)
      .map(([key, value]) => `${key} = "${value}"\n`)
      .join(''),
  );
  return vmx;
}

/** The limit: all processors do nothing but this and the pool's share of it. */
function tell(pair: readonly Way[]): void {
  const [file = Number.NaN] = pair.map(wallSeconds);
  for (const way of pair) {
    const of = (part: keyof Way['costs'][number]) => median(way.costs.map((cost) => cost[part]));
    const [wall, cpu, poolCpu] = [of('wallSeconds'), of('cpuSeconds'), of('poolCpuSeconds')];
    const limit = (cpu + poolCpu) / availableParallelism();
    const columns = [
      way.title,
      wall.toFixed(2),
      cpu.toFixed(2),
      poolCpu.toFixed(2),
      of('peakMiB').toFixed(0),
    ];
    console.log(`| ${[...columns, percent(file / wall), percent(limit / wall)].join(' | ')} |`);
  }
}

function percent(share: number): string {
  return `${(100 * share).toFixed(0)} %`;
}

/** User and system time that a process has had so far (proc_pid_stat(5), fields 14 and 15). */
function cpuSecondsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

function wallSeconds({ costs }: Way): number {
  return median(costs.map((cost) => cost.wallSeconds));
}

/** The JSON document with which the pool says that it is ready. */
async function firstDocument(output: NodeJS.ReadableStream): Promise<z.infer<typeof POOL>> {
  let told = '';
  for await (const piece of output) {
    told += String(piece);
    if (told.endsWith('}\n')) break;
  }
  return POOL.parse(JSON.parse(told));
}
