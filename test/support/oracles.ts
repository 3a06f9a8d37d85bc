import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { expect } from 'vitest';
import { z } from 'zod';

/** Judges that share no code with us: qemu-img, libvhdi and a Python program. */

const XVA_CHECK = fileURLToPath(new URL('../oracles/xva_check.py', import.meta.url));

const VERDICT = z.object({
  good: z.boolean(),
  findings: z.array(z.string()),
  objects: z.array(
    z.object({ class: z.string(), id: z.string(), snapshot: z.record(z.string(), z.unknown()) }),
  ),
  disks: z.array(
    z.object({
      id: z.string(),
      virtualSize: z.number(),
      chunks: z.number(),
      storedBytes: z.number(),
      userdevice: z.string(),
      file: z.string().nullable(),
    }),
  ),
  checksums: z.object({ sha1: z.number(), xxhash: z.number() }),
});

export type XvaVerdict = z.infer<typeof VERDICT>;

export interface JudgeOptions {
  /** Folder for the disks as raw files `disk<userdevice>.raw`. */
  readonly extractTo?: string;
  /** File with XAPI's data model. */
  readonly model?: string;
}

/** What `xva_check.py` says of an archive. */
export async function judgeXva(path: string, { extractTo, model }: JudgeOptions = {}): Promise<XvaVerdict> {
  const { exitCode, stdout, stderr } = await execa(
    'python3',
    [
      XVA_CHECK,
      path,
      ...(extractTo === undefined ? [] : ['--extract', extractTo]),
      ...(model === undefined ? [] : ['--model', model]),
    ],
    { reject: false },
  );
  if (exitCode !== 0 && exitCode !== 1) throw new Error(`xva_check.py ended with ${exitCode}: ${stderr}`);
  return VERDICT.parse(JSON.parse(stdout));
}

/** Fails unless the archive is good in every respect. */
export async function expectGoodXva(path: string, options?: JudgeOptions): Promise<XvaVerdict> {
  const verdict = await judgeXva(path, options);
  expect(verdict.findings).toEqual([]);
  return verdict;
}

export interface Image {
  readonly path: string;
  /** QEMU's name: `raw`, `vmdk`, `vpc`, `qcow2`. */
  readonly format: string;
}

/** Fails unless `qemu-img compare` finds the same content; only a tail of zeros may be more. */
export async function expectSameContent(a: Image, b: Image): Promise<void> {
  // The prefix keeps a colon in a path from being taken for a protocol's.
  const images = [`file:${a.path}`, `file:${b.path}`];
  const { exitCode, stdout, stderr } = await execa(
    'qemu-img',
    ['compare', '-f', a.format, '-F', b.format, ...images],
    { reject: false },
  );
  expect(`${stdout}${stderr}`).toContain('Images are identical.');
  expect(exitCode).toBe(0);
}

/** The size of the virtual disk as libvhdi sees it; throws when it cannot open the file. */
export async function vhdiMediaBytes(vhd: string): Promise<number> {
  const { stdout } = await execa('vhdiinfo', [vhd]);
  return Number(/Media size\s*:.*?(\d+) bytes/.exec(stdout)?.[1]);
}

const XL_SETTINGS = z.record(
  z.string(),
  z.union([z.string(), z.number().transform(String), z.array(z.string())]),
);
const XL_READ = z.object({
  python: XL_SETTINGS,
  xl: z
    .object({
      settings: XL_SETTINGS,
      disks: z.array(
        z.object({
          target: z.string(),
          vdev: z.string(),
          format: z.string(),
          writable: z.boolean(),
          cdrom: z.boolean(),
        }),
      ),
    })
    .nullable(),
});

export type XlConfigRead = z.infer<typeof XL_READ>;

/** What `xl_config.py` reads in each; throws when a reader refuses one. */
export async function readXlConfigs(paths: readonly string[]): Promise<XlConfigRead[]> {
  return (await judgeFiles('xl_config.py', paths)).map((line) => XL_READ.parse(line));
}

const OVF_VERDICT = z.object({
  name: z.string().nullable(),
  cpus: z.number(),
  memoryMib: z.number(),
  disks: z.array(
    z.object({
      file: z.string(),
      fileBytes: z.number(),
      capacityBytes: z.number(),
      connection: z.string(),
    }),
  ),
  nics: z.array(z.tuple([z.string(), z.string().nullable()])),
  xen: z.record(z.string(), z.string()),
  findings: z.array(z.string()),
});

export type OvfVerdict = z.infer<typeof OVF_VERDICT>;

/** What `ovf_check.py` says of each. */
export async function judgeOvfs(paths: readonly string[]): Promise<OvfVerdict[]> {
  return (await judgeFiles('ovf_check.py', paths)).map((line) => OVF_VERDICT.parse(line));
}

/** The lines of JSON that a judge writes, one a file. */
async function judgeFiles(judge: string, paths: readonly string[]): Promise<unknown[]> {
  const program = fileURLToPath(new URL(`../oracles/${judge}`, import.meta.url));
  const { stdout } = await execa('python3', [program, ...paths]);
  return stdout.split('\n').map((line): unknown => JSON.parse(line));
}
