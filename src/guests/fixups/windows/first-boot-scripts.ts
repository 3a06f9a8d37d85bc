import type { GuestFiles } from '../../files/guest-files.js';

/** Below %SystemRoot%, where users may read and administrators only may write. */
export const FIRST_BOOT_FOLDER = '/Windows/Xenferry';
/** Run until each of them was done. */
export const ONCE_FOLDER = `${FIRST_BOOT_FOLDER}/once`;
/** Run at each start until they succeed and nothing else is left to be done. */
export const EACH_START_FOLDER = `${FIRST_BOOT_FOLDER}/each-start`;

/** The same folder as scripts name it. */
export const SCRIPT_FOLDER = '%SystemRoot%\\Xenferry';

const MAX_SCRIPT_BYTES = 1024 * 1024;

/** Leaves a script with Windows' line ends; the numbers in front of the names give the order. */
export async function addScript(files: GuestFiles, path: string, lines: readonly string[]): Promise<boolean> {
  const bytes = Buffer.from(lines.map((line) => `${line}\r\n`).join(''), 'latin1');
  if ((await files.read(path, MAX_SCRIPT_BYTES))?.equals(bytes) === true) return false;
  await files.write(path, bytes);
  return true;
}
