import { setTimeout as delay } from 'node:timers/promises';

/** Words of the shared memory. */
const RATE = 0;
const DUE = 1;
const WORDS = 2;

/** The rate of a gate that lets everything pass. */
const OPEN = -1n;
const CLOSED = 0n;

const SECOND = 1_000_000_000n;
/** What was not used of so much time may be made up for, in nanoseconds: timers are late, and sources too. */
const CREDIT = SECOND / 2n;
/** Whoever waits looks as often, in milliseconds, whether the rate is another or nobody wants the bytes any more. */
const LOOK_AGAIN = 250;

/** The time that a gate goes by. */
export interface GateClock {
  /** Nanoseconds; the same in all threads. */
  now(): bigint;
  pause(milliseconds: number): Promise<void>;
}

const SYSTEM: GateClock = {
  now: () => process.hrtime.bigint(),
  pause: (milliseconds) => delay(milliseconds),
};

/**
 * Holds back what all threads of a process move together, so that it is no more than so many bytes a second. It is the
 * generic cell rate algorithm (ITU-T I.371, annex A) in shared memory: the time at which the next bytes are due, which
 * whoever passes puts off by what its bytes take. An open gate costs one look at that memory.
 */
export class BandwidthGate {
  readonly memory: SharedArrayBuffer;
  readonly #words: BigInt64Array;
  readonly #clock: GateClock;

  private constructor(memory: SharedArrayBuffer, clock: GateClock) {
    this.memory = memory;
    this.#words = new BigInt64Array(memory);
    this.#clock = clock;
  }

  /** An open one. */
  static create(clock: GateClock = SYSTEM): BandwidthGate {
    const gate = new BandwidthGate(new SharedArrayBuffer(WORDS * 8), clock);
    gate.limit(null);
    return gate;
  }

  /** The same gate seen from a thread. */
  static attach(memory: SharedArrayBuffer): BandwidthGate {
    return new BandwidthGate(memory, SYSTEM);
  }

  /**
   * At most so many bytes a second from now on; null: as many as can be; 0: none. Whoever waits follows within
   * a quarter of a second. For one thread only.
   */
  limit(bytesPerSecond: number | null): void {
    const rate = bytesPerSecond === null ? OPEN : BigInt(Math.ceil(bytesPerSecond));
    const before = Atomics.exchange(this.#words, RATE, rate);
    if (before === rate || rate <= CLOSED) return;
    const now = this.#clock.now();
    // What has passed and is not yet due is due at the new rate; what was not used of another rate is lost.
    this.#putOff((due) => (due > now && before > CLOSED ? now + ((due - now) * before) / rate : now));
  }

  /**
   * Waits until so many bytes may be moved. False as soon as they are not `wanted` any more, which is asked while
   * waiting. Who waits has no turn: over time all get the same share.
   */
  async pass(bytes: number, wanted: () => boolean): Promise<boolean> {
    for (;;) {
      const wait = this.#take(bytes);
      if (wait === 0) return true;
      if (!wanted()) return false;
      await this.#clock.pause(Math.min(wait, LOOK_AGAIN));
    }
  }

  /** Takes the bytes if they are due. Milliseconds until they may be: 0 when they were taken. */
  #take(bytes: number): number {
    const rate = Atomics.load(this.#words, RATE);
    if (rate === OPEN) return 0;
    if (rate === CLOSED) return LOOK_AGAIN;
    const now = this.#clock.now();
    let wait = 0n;
    this.#putOff((due) => {
      wait = due - now;
      if (wait > 0n) return due;
      return (due > now - CREDIT ? due : now - CREDIT) + (BigInt(bytes) * SECOND) / rate;
    });
    return wait > 0n ? Number(wait / 1_000_000n) + 1 : 0;
  }

  #putOff(next: (due: bigint) => bigint): void {
    for (;;) {
      const due = Atomics.load(this.#words, DUE);
      if (Atomics.compareExchange(this.#words, DUE, due, next(due)) === due) return;
    }
  }
}
