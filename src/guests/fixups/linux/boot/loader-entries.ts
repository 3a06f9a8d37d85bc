import { posix } from 'node:path';
import type { BootEntry } from './boot-entry.js';

/** A Type #1 entry of the Boot Loader Specification; null when it starts no Linux kernel. */
export function bootLoaderSpecEntry(text: string, path: string): BootEntry | null {
  let title = '';
  let kernel: string | null = null;
  const initrds: string[] = [];
  for (const line of text.split(/\r?\n/)) {
    const match = /^\s*(title|linux|initrd)\s+(.*\S)/.exec(line);
    const value = match?.[2] ?? '';
    if (match?.[1] === 'title') title = value;
    else if (match?.[1] === 'linux') kernel = value;
    else if (match?.[1] === 'initrd') initrds.push(...value.split(/\s+/));
  }
  return kernel === null ? null : { title, id: posix.basename(path, '.conf'), kernel, initrds };
}
