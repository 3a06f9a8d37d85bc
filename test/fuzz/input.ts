import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Files by name; the first is the one that is opened. */
export type InputFiles = ReadonlyMap<string, Buffer>;

/** What a target is run on: the files, and where they stand. */
export interface FuzzInput {
  readonly files: InputFiles;
  /** Absolute path of the folder that holds the files and nothing else. */
  readonly folder: string;
  /** Whether the input goes through a whole conversion, where the target has one. */
  readonly wholeWay: boolean;
}

/** The first file's path. */
export function mainPath({ files, folder }: FuzzInput): string {
  return join(folder, mainName(files));
}

export function mainBytes({ files }: FuzzInput): Buffer {
  return files.get(mainName(files)) ?? Buffer.alloc(0);
}

function mainName(files: InputFiles): string {
  const [name = ''] = files.keys();
  return name;
}

/** Writes files over those of the input before: making and removing a file each time would cost more than parsing it. */
export function writeInput(files: InputFiles, folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, bytes] of files) writeFileSync(join(folder, name), bytes);
  for (const name of readdirSync(folder)) {
    if (!files.has(name)) rmSync(join(folder, name), { recursive: true });
  }
}
