import { existsSync, statSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { verifyFile } from '../../../src/conversion/verify-task.js';
import { convertFile } from '../../../src/coordinator/convert-file.js';
import { checkVhd } from '../../../src/vhd/index.js';
import { LeftBehind } from '../left-behind.js';

export type JudgedFormat = 'vhd' | 'raw' | 'xva';

/** Converts `input`. Rejects as the conversion does, and with LeftBehind when it leaves what it must not. */
export async function convertWholeWay(input: string, format: JudgedFormat): Promise<void> {
  const folder = await mkdtemp(`${input}-converted-`);
  const output = join(folder, `disk.${format}`);
  try {
    const { capacityBytes } = await convertFile({
      input,
      inputFormat: null,
      overlay: undefined,
      tlsFingerprint: undefined,
      output,
      parent: undefined,
      format,
      threads: 1,
      digest: 'xxh64',
      force: false,
      signal: new AbortController().signal,
      onProgress: () => {},
    });
    await judgeOutput(output, format, capacityBytes);
  } catch (error) {
    if (!(error instanceof LeftBehind) && existsSync(output))
      throw new LeftBehind(`a refused ${basename(output)}`);
    throw error;
  } finally {
    await expectNoPartials(folder).finally(() => rm(folder, { recursive: true }));
  }
}

async function judgeOutput(path: string, format: JudgedFormat, capacityBytes: number): Promise<void> {
  const canceled = new Int32Array(new SharedArrayBuffer(4));
  if (format === 'raw') {
    const { size } = statSync(path);
    if (size !== capacityBytes)
      throw new LeftBehind(`a raw file of ${size} bytes, ${capacityBytes} expected`);
    return;
  }
  const findings = format === 'vhd' ? (await checkVhd(path)).findings : [];
  if (findings.length > 0) throw new LeftBehind(`a VHD of which its own check says ${findings.join(', ')}`);
  try {
    await verifyFile({ kind: format, path, expected: null, canceled });
  } catch (error) {
    throw new LeftBehind(`a ${format} that does not read back: ${String(error)}`);
  }
}

async function expectNoPartials(folder: string): Promise<void> {
  const partials = (await readdir(folder)).filter((name) => name.endsWith('.partial'));
  if (partials.length > 0) throw new LeftBehind(`left behind: ${partials.join(', ')}`);
}
