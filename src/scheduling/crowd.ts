import { FairShares, type Flow } from '../transfers/index.js';
import { LOOK_AGAIN_MS } from './fit.js';
import { type Hold, hold } from './holds.js';
import { HopNetwork } from './hop-network.js';
import { bytesLeft, type Job, type Night, progressOf } from './night.js';
import type { WaveWindows } from './wave-windows.js';

/** A machine that is being moved, or is to be from now on. */
interface Member {
  readonly job: Job;
  readonly flow: Flow;
  /** Milliseconds since 1970: the end of its window. */
  readonly closes: number;
  /** Whether it ends in time as it goes now. */
  inTime: boolean;
}

/**
 * Newcomers that are tried at a decision, refused ones. Each try shares out all hops; where so many would be too much the
 * next hardly is not, and in a minute it is asked again.
 */
const TRIES = 50;

/** Says which newcomers would keep machines that are being moved from ending before their windows do. */
export class Crowd {
  readonly #night: Night;
  readonly #windows: WaveWindows;
  readonly #now: number;
  readonly #network: HopNetwork;
  readonly #members: Member[] = [];
  /** What a newcomer of the same flow was told: asked once, since the crowd only grows. */
  readonly #refused = new Map<Flow, Hold>();
  /** Whether all that run now are members. */
  #gathered = false;
  #last: Hold | null = null;

  /** `cap`: bytes a second of all machines together; null without one. */
  constructor(night: Night, windows: WaveWindows, now: number, cap: number | null) {
    this.#night = night;
    this.#windows = windows;
    this.#now = now;
    this.#network = new HopNetwork(night.rates, cap);
  }

  /** Null for a job that takes from nobody what that needs to end in time, by what all would get now. */
  hold(job: Job): Hold | null {
    if (this.#night.policy.wouldNotFinish === 'start-anyway') return null;
    this.#gather();
    if (this.#last !== null && this.#refused.size >= TRIES) return this.#last;
    const flow = this.#network.flowOf(job);
    const known = this.#refused.get(flow);
    if (known !== undefined) return known;
    this.#share([...this.#members.map((member) => member.flow), flow]);
    const harmed = this.#members.find((member) => member.inTime && !this.#endsInTime(member));
    if (harmed === undefined) return null;
    const until = Math.min(this.#now + LOOK_AGAIN_MS, harmed.closes);
    const reason = `would keep ${harmed.job.name} from ending before its window does`;
    const refused = hold('too-late-for-others', reason, until);
    this.#refused.set(flow, refused);
    this.#last = refused;
    return refused;
  }

  /** The job starts now. */
  join(job: Job): void {
    this.#gather();
    const closes = this.#windows.of(job)?.opening.end ?? Number.POSITIVE_INFINITY;
    const member = { job, flow: this.#network.flowOf(job), closes, inTime: false };
    this.#members.push(member);
    this.#judge();
  }

  #gather(): void {
    if (this.#gathered) return;
    this.#gathered = true;
    for (const job of this.#night.jobs) {
      if (progressOf(this.#night, job).state !== 'running') continue;
      const closes = this.#windows.of(job)?.opening.end ?? Number.POSITIVE_INFINITY;
      this.#members.push({ job, flow: this.#network.flowOf(job), closes, inTime: false });
    }
    this.#judge();
  }

  #judge(): void {
    this.#share(this.#members.map(({ flow }) => flow));
    for (const member of this.#members) member.inTime = this.#endsInTime(member);
  }

  #share(flows: readonly Flow[]): void {
    for (const flow of flows) flow.count = 0;
    for (const flow of flows) flow.count += 1;
    // Nothing is known of what goes through no hop.
    const known = new Set(flows.filter(({ uses }) => uses.length > 0));
    new FairShares(this.#network.resources).share(known);
  }

  #endsInTime({ job, flow, closes }: Member): boolean {
    if (closes === Number.POSITIVE_INFINITY || flow.uses.length === 0) return true;
    const progress = progressOf(this.#night, job);
    const before = progress.movedBytes > 0 ? 0 : this.#night.rates.secondsPerMachine;
    const seconds = before + bytesLeft(job, progress) / flow.rate;
    return this.#now + seconds * 1000 <= closes;
  }
}
