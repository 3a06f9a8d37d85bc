import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Puts a program called `guestfish` first in PATH: a shell script that answers marks as guestfish does, and for the
 * rest does what `cases` says, lines of a `case` over the command.
 */
export async function standIn(folder: string, cases: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, 'guestfish');
  const script = `#!/bin/sh
while IFS= read -r line; do
  case "$line" in
    "-echo "*) echo "\${line#-echo }" ;;
    -mark-*) echo "\${line#-}: unknown command" >&2 ;;
    ${cases}
  esac
done
`;
  await writeFile(path, script);
  await chmod(path, 0o755);
}
