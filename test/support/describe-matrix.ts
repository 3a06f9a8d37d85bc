import { createWriteStream, mkdtempSync } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { finished } from 'node:stream/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { type ConvertedFile, convertFile, type OutputFormat } from '../../src/coordinator/convert-file.js';
import { convertStream } from '../../src/coordinator/convert-stream.js';
import { roundUp } from '../../src/model/units.js';
import { CONVERTED } from './cli-documents.js';
import { type Content, contentOf } from './content.js';
import { expectHolds } from './expect-holds.js';
import { sha256Of, visibleFiles } from './file-facts.js';
import { makeGuest } from './inputs/guest.js';
import type { Guest, InputKind } from './inputs/input-kind.js';
import { runCli, runCliInto } from './run-cli.js';
import { tempFiles } from './temp-files.js';

interface OutputKind {
  readonly format: OutputFormat;
  readonly way: 'file' | 'pipe';
}

const OUTPUTS: readonly OutputKind[] = [
  ...(['vhd', 'fixed-vhd', 'qcow2', 'raw', 'xva'] as const).map((format) => ({
    format,
    way: 'file' as const,
  })),
  ...(['vhd', 'qcow2', 'raw', 'xva'] as const).map((format) => ({ format, way: 'pipe' as const })),
];

/** Converts in this process, with the threads that the command line has. */
async function convert(input: string, { format, way }: OutputKind, output: string, threads: number) {
  const common = {
    input,
    format,
    threads,
    inputFormat: null,
    overlay: undefined,
    tlsFingerprint: undefined,
    digest: 'xxh64' as const,
    signal: new AbortController().signal,
    onProgress: () => {},
  };
  if (way === 'file') return await convertFile({ ...common, output, parent: undefined, force: false });
  const stream = createWriteStream(output);
  const result = await convertStream({ ...common, output: stream, scratch: `${output}.scratch` });
  stream.end();
  await finished(stream);
  return result;
}

/** Every one of the inputs becomes every kind of output, as judges of other hands see it. */
export function describeMatrix(inputs: readonly InputKind[]): void {
  const { folder } = tempFiles();
  let guest: Guest;
  let content: Content;
  /** Bytes that judges have found good already: many inputs give the same. */
  const judged = new Set<string>();

  beforeAll(async () => {
    guest = await makeGuest(folder);
    content = await contentOf(guest.raw);
  });

  function newFolder(): string {
    return mkdtempSync(join(folder, 'case-'));
  }

  async function expectGood(
    { capacityUnit = 512 }: InputKind,
    { format }: OutputKind,
    output: string,
    result: ConvertedFile,
  ): Promise<string> {
    const capacityBytes = roundUp(guest.content.length, capacityUnit);
    const fileBytes = (await stat(output)).size;
    expect(result).toMatchObject({ format, capacityBytes, fileBytes, notes: [], ...content });
    const digest = await sha256Of(output);
    const key = `${format} ${capacityBytes} ${digest}`;
    if (!judged.has(key)) await expectHolds({ output, format, raw: guest.raw, capacityBytes });
    judged.add(key);
    return digest;
  }

  describe.each(inputs.map((kind, index) => ({ ...kind, index })))('a $title', (kind) => {
    let made: string;
    beforeAll(async () => {
      made = await kind.make(newFolder(), guest);
    });
    const address = async () => (await kind.serve?.(made)) ?? made;

    const outputs = OUTPUTS.map((output, index) => ({
      ...output,
      // Every input and every output often enough; all would take a third longer.
      alsoAlone: (kind.index + index) % 3 === 0,
    }));
    it.each(outputs)('becomes a good $format in a $way', async ({ alsoAlone, ...output }) => {
      const at = newFolder();
      const input = await address();
      const two = join(at, 'two.out');
      const digest = await expectGood(kind, output, two, await convert(input, output, two, 2));
      if (alsoAlone) {
        const one = join(at, 'one.out');
        await convert(input, output, one, 1);
        expect(await sha256Of(one), 'with one thread').toBe(digest);
      }
      await rm(at, { recursive: true });
    });

    it('is converted by the command line likewise', async () => {
      const kindOut = OUTPUTS[kind.index % OUTPUTS.length] ?? { format: 'vhd', way: 'file' };
      const input = await address();
      const output = join(newFolder(), 'disk.out');
      const args = ['convert', input, '--format', kindOut.format, '--json'];
      const { exitCode, stdout, stderr } =
        kindOut.way === 'file' ? await runCli([...args, output]) : await runCliInto(output, [...args, '-']);
      expect(exitCode, stderr).toBe(0);
      expect(await visibleFiles(dirname(output))).toEqual(['disk.out']);
      const document = kindOut.way === 'file' ? stdout : stderr;
      await expectGood(kind, kindOut, output, CONVERTED.parse(JSON.parse(document)));
    });
  });
}
