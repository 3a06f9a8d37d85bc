import { readFile } from 'node:fs/promises';

/** The command lines of the processes that a process has started and that still run. */
export async function commandsOfChildren(parent: number | undefined): Promise<string[]> {
  const children = await readFile(`/proc/${parent}/task/${parent}/children`, 'latin1').catch(() => '');
  const lines = children
    .split(' ')
    .filter((pid) => pid !== '')
    .map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''));
  return await Promise.all(lines);
}
