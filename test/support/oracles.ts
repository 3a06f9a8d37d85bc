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
