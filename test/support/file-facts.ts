import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';

/** SHA-256 of a file of any size. */
export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/** Names in a folder but for our own hidden one, sorted. */
export async function visibleFiles(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => !name.startsWith('.')).sort();
}

/** Waits until a file has grown to `bytes`, or the process that was to write it has ended. */
export async function grownTo(
  path: string,
  bytes: number,
  writer: { readonly exitCode: number | null },
): Promise<void> {
  while (writer.exitCode === null) {
    const size = await stat(path).then(
      (found) => found.size,
      () => -1,
    );
    if (size >= bytes) return;
    await delay(1);
  }
}
