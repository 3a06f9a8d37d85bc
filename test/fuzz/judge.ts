import { readdirSync, readlinkSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { XenferryError } from '../../src/model/errors.js';
import { MIB } from '../../src/model/units.js';
import type { FuzzCase } from './case.js';
import { writeInput } from './input.js';
import { LeftBehind } from './left-behind.js';
import type { Failure, Verdict } from './verdict.js';

/** Processor time, because the machine may be busy with something else. */
const MAX_MILLISECONDS = 1_000;
/** A conversion starts threads and writes. */
const MAX_WHOLE_WAY_MILLISECONDS = 5_000;
const MAX_RESIDENT_BYTES = 256 * MIB;
/** Threads that ended close their files a little later. */
const DESCRIPTOR_PATIENCE_MILLISECONDS = 500;

/** Rejections that nobody handled since the last input was judged. */
const unhandled: unknown[] = [];
process.on('unhandledRejection', (reason) => unhandled.push(reason));

/** Runs a case in `folder` and judges how it ends, never what is read. */
export async function judge(
  id: string,
  { target, files, wholeWay, sound }: FuzzCase,
  folder: string,
): Promise<Verdict> {
  writeInput(files, folder);
  const before = openDescriptors();
  const start = process.cpuUsage();
  let refusal: string | null = null;
  let failure: Failure | null = null;
  try {
    await target.run({ files, folder, wholeWay });
  } catch (error) {
    failure = failureOf(error, sound);
    if (failure === null && error instanceof XenferryError) refusal = error.code;
  }
  const { user, system } = process.cpuUsage(start);
  failure ??= rejectionFailure() ?? slowFailure((user + system) / 1000, wholeWay);
  failure ??= (await descriptorFailure(before)) ?? memoryFailure();
  return { id, refusal, failure };
}

function failureOf(error: unknown, sound: boolean): Failure | null {
  if (error instanceof LeftBehind) return { kind: 'left-behind', detail: error.message };
  if (!(error instanceof XenferryError) || error.category === 'internal') {
    return { kind: 'thrown', detail: stackOf(error) };
  }
  return sound ? { kind: 'refused-seed', detail: stackOf(error) } : null;
}

function rejectionFailure(): Failure | null {
  const reasons = unhandled.splice(0);
  return reasons.length === 0 ? null : { kind: 'rejection', detail: reasons.map(stackOf).join('\n') };
}

function slowFailure(milliseconds: number, wholeWay: boolean): Failure | null {
  if (milliseconds <= (wholeWay ? MAX_WHOLE_WAY_MILLISECONDS : MAX_MILLISECONDS)) return null;
  return { kind: 'slow', detail: `it took ${Math.round(milliseconds)} ms of processor time` };
}

/** Of the process so far, the inputs before included: the parent asks a fresh one before it believes it. */
function memoryFailure(): Failure | null {
  const { maxRSS } = process.resourceUsage();
  if (maxRSS * 1024 <= MAX_RESIDENT_BYTES) return null;
  return { kind: 'memory', detail: `${Math.round(maxRSS / 1024)} MiB were resident` };
}

async function descriptorFailure(before: readonly string[]): Promise<Failure | null> {
  for (let waited = 0; openDescriptors().length > before.length; waited += 10) {
    if (waited >= DESCRIPTOR_PATIENCE_MILLISECONDS) {
      const left = openDescriptors().filter((file) => !before.includes(file));
      return { kind: 'descriptors', detail: `still open: ${left.join(', ')}` };
    }
    await delay(10);
  }
  return null;
}

/** What each open descriptor stands for; the list's own is gone when it is looked at. */
function openDescriptors(): readonly string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)];
    } catch {
      return [];
    }
  });
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : `\ncaused by ${stackOf(error.cause)}`;
  return `${error.stack ?? error.message}${cause}`;
}
