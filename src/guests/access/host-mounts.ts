import { readdir, readFile, rm } from 'node:fs/promises';
import { basename, join, sep } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { XenferryError } from '../../model/errors.js';
import { runTool } from '../tools/run-tool.js';

/** Time a file system gets to write its last blocks. */
const UNMOUNT_TRIES = 50;
const PAUSE = 100;

interface HostMount {
  readonly path: string;
  readonly type: string;
}

/** Whether something is mounted exactly there; asks the kernel's list, which a hung file system cannot delay. */
export async function isMounted(path: string): Promise<boolean> {
  return (await hostMounts()).some((mount) => mount.path === path);
}

/**
 * Unmounts; while somebody, say an indexer of the host, still looks into it, it is tried again for five seconds.
 * Nothing happens where nothing is mounted. Rejects with TOOL_FAILED.
 */
export async function unmount(path: string): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    const mount = (await hostMounts()).findLast((known) => known.path === path);
    if (mount === undefined) return;
    try {
      await runTool(...unmountCommand(mount, false));
    } catch (error) {
      if (tries >= UNMOUNT_TRIES) throw error;
      await sleep(PAUSE);
    }
  }
}

/**
 * Takes down what a killed run left in a work folder, last mount first, then the daemons whose pid files are there.
 * The caller knows that no living run uses the folder. Rejects with TOOL_FAILED when a mount cannot be removed.
 */
export async function sweepWorkFolder(folder: string): Promise<void> {
  const left = (await hostMounts()).filter(({ path }) => path.startsWith(folder + sep));
  for (const mount of left.reverse()) {
    // What still runs writes its last blocks; what died with the run cannot be asked any more.
    await runTool(...unmountCommand(mount, false)).catch(() => runTool(...unmountCommand(mount, true)));
    await endLeftDaemon(`${mount.path}.pid`, folder);
  }
  const names = await readdir(folder).catch(() => []);
  // `view` reads from `store`.
  const pidFiles = names.filter((file) => file.endsWith('.pid')).sort();
  for (const name of pidFiles.reverse()) await endLeftDaemon(join(folder, name), folder);
}

function unmountCommand({ path, type }: HostMount, lazy: boolean): [string, string[]] {
  // Root's umount takes all; others may take down their own FUSE mounts with the helper alone.
  if (type.startsWith('fuse') && process.getuid?.() !== 0) {
    return ['fusermount3', ['-u', ...(lazy ? ['-z'] : []), '--', path]];
  }
  return ['umount', [...(lazy ? ['-l'] : []), '--', path]];
}

/** Fields of /proc/self/mountinfo as proc_pid_mountinfo(5) has them: mount point fifth, type behind the dash. */
async function hostMounts(): Promise<HostMount[]> {
  const text = await readFile('/proc/self/mountinfo', 'utf8');
  return text.split('\n').flatMap((line) => {
    const [before = '', after = ''] = line.split(' - ');
    const path = before.split(' ')[4];
    return path === undefined ? [] : [{ path: withoutEscapes(path), type: after.split(' ')[0] ?? '' }];
  });
}

/** Blanks, tabs, line feeds and backslashes stand as three octal digits in the kernel's lists and in fstab. */
export function withoutEscapes(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}

/** Gives it five seconds to end by itself, as FUSE processes do without their mount; then ends it. */
async function endLeftDaemon(pidFile: string, folder: string): Promise<void> {
  const pid = Number((await readFile(pidFile, 'utf8').catch(() => '')).trim());
  if (!Number.isSafeInteger(pid) || pid <= 1) return;
  // The number may be another process' by now.
  const isOurs = async () =>
    (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).includes(folder + sep);
  const isStorage = basename(pidFile) === 'view.pid' || basename(pidFile) === 'store.pid';
  for (const signal of [isStorage ? 'SIGTERM' : null, 'SIGTERM', 'SIGKILL'] as const) {
    for (let tries = 0; tries < UNMOUNT_TRIES; tries += 1) {
      if (!(await isOurs())) return await rm(pidFile, { force: true });
      if (tries === 0 && signal !== null) process.kill(pid, signal);
      await sleep(PAUSE);
    }
  }
  throw new XenferryError('TOOL_FAILED', `process ${pid} of an earlier run cannot be ended`, {
    file: pidFile,
  });
}
