import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, brotliDecompressSync } from 'node:zlib';
import { z } from 'zod';
import type { InputFiles } from './input.js';

/** Inputs that failed once. They hold whole files, compressed, so that they outlive seeds and mutations. */
const FOLDER = 'test/fuzz/corpus';

const ENTRY = z.strictObject({
  /** What went wrong. */
  story: z.string(),
  target: z.string(),
  wholeWay: z.boolean(),
  /** Brotli, then base64; the first is the one that is opened. */
  files: z.record(z.string(), z.string()),
});

export interface CorpusEntry {
  readonly story: string;
  readonly target: string;
  readonly wholeWay: boolean;
  readonly files: InputFiles;
}

/** Names of the kept inputs, sorted. */
export function corpusNames(): readonly string[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith('.json'))
    .map((name) => name.slice(0, -'.json'.length))
    .sort();
}

/** Throws when there is no such entry. */
export function readCorpusEntry(name: string): CorpusEntry {
  const entry = ENTRY.parse(JSON.parse(readFileSync(join(FOLDER, `${name}.json`), 'utf8')));
  const files = Object.entries(entry.files).map(
    ([file, text]) => [file, brotliDecompressSync(Buffer.from(text, 'base64'))] as const,
  );
  return { ...entry, files: new Map(files) };
}

/** Writes an input as an entry of the corpus to `path`. */
export function writeCorpusEntry(path: string, { files, ...about }: CorpusEntry): void {
  const packed = [...files].map(([name, bytes]) => [name, brotliCompressSync(bytes).toString('base64')]);
  writeFileSync(path, `${JSON.stringify({ ...about, files: Object.fromEntries(packed) }, null, 2)}\n`);
}
