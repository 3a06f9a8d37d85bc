import { access, constants, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { XenferryError } from '../../../model/errors.js';
import { Appliance } from './appliance.js';
import { startGuestfish } from './guestfish.js';

/** How the appliance's processor is made: by the hardware, or by QEMU alone, which takes ten times as long. */
export type Acceleration = 'kvm' | 'tcg';

export interface AccelerationOptions {
  /** Absolute path of a folder for the probe's scratch files. */
  readonly workFolder: string;
  /** Absolute path of the folder in which the verdict is kept; made when it is missing. */
  readonly cacheFolder?: string;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds the probe has. */
  readonly limit?: number;
  readonly device?: string;
}

export interface AccelerationVerdict {
  readonly acceleration: Acceleration;
  /** Keeps it until the machine starts again; for once it has proven itself, so that a fault of another kind is not kept. */
  remember(): Promise<void>;
}

/** With KVM the appliance starts in seconds; the first time it is also built. */
const PROBE_LIMIT = 45_000;
const BOOT_ID = '/proc/sys/kernel/random/boot_id';

/**
 * Whether KVM works. Its device file proves nothing: nested and para-virtual hosts have one under which no kernel
 * starts. So the appliance is started under it once with a time limit; the verdict holds until the machine starts
 * again. Rejects with TOOL_MISSING, CANCELED.
 */
export async function probeAcceleration({
  workFolder,
  cacheFolder = defaultCacheFolder(),
  signal,
  limit = PROBE_LIMIT,
  device = '/dev/kvm',
}: AccelerationOptions): Promise<AccelerationVerdict> {
  if (!(await isUsable(device))) return { acceleration: 'tcg', remember: async () => {} };
  const boot = (await readFile(BOOT_ID, 'utf8')).trim();
  const file = join(cacheFolder, 'kvm-probe');
  const [bootOfVerdict, kept] = (await readFile(file, 'utf8').catch(() => '')).split('\n');
  if (bootOfVerdict === boot && (kept === 'kvm' || kept === 'tcg')) {
    return { acceleration: kept, remember: async () => {} };
  }
  const acceleration = (await startsUnderKvm(workFolder, limit, signal)) ? 'kvm' : 'tcg';
  // Where the folder cannot be written, the next guest is probed again.
  const remember = () => keep(cacheFolder, file, `${boot}\n${acceleration}\n`).catch(() => {});
  return { acceleration, remember };
}

async function startsUnderKvm(
  workFolder: string,
  limit: number,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const options = { folder: join(workFolder, 'kvm'), backendSettings: 'force_kvm', signal };
  const guestfish = await startGuestfish(options);
  try {
    const appliance = new Appliance(guestfish);
    await appliance.must('add-drive-scratch', ['1048576']);
    await appliance.must('run', [], limit);
    return true;
  } catch (error) {
    if (error instanceof XenferryError && error.code === 'TOOL_FAILED') return false;
    throw error;
  } finally {
    await guestfish.kill();
  }
}

async function isUsable(device: string): Promise<boolean> {
  return await access(device, constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  );
}

async function keep(folder: string, file: string, text: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const scratch = `${file}.${process.pid}`;
  try {
    await writeFile(scratch, text, { mode: 0o600 });
    await rename(scratch, file);
  } finally {
    await rm(scratch, { force: true });
  }
}

/** The XDG base directory specification's, which takes absolute paths only. */
function defaultCacheFolder(): string {
  const base = process.env.XDG_CACHE_HOME;
  return join(base?.startsWith('/') ? base : join(homedir(), '.cache'), 'xenferry');
}
