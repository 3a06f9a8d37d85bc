import type { Limits, Rates } from '../../model/plan.js';
import type { Migration } from '../migration-file/schema.js';

/** What is reckoned with until a pilot wave has been measured. */
export const DEFAULT_RATES: Rates = {
  /** An ESXi host reads a disk out over NFC at about what a gigabit link carries; users report 60 to 140. */
  sourceMiBps: 100,
  /** A link of 10 Gbit/s, less its overhead: 1192 MiB/s on the wire. */
  networkMiBps: 1000,
  /** docs/performance.md: one worker inflates and writes 2.2 GiB in 5.9 s, start included; an XVA's SHA-1 comes on top. */
  threadMiBps: 300,
  /** A disk that takes 400 is written once and read back once to verify; imports into a pool take 60 to 120 a stream. */
  targetMiBps: 200,
  /** Opening, fsync, rename and the ledger's records; half a second in docs/performance.md, more on a remote source. */
  secondsPerMachine: 5,
};

/** What may happen at a time where nobody says otherwise; the number of machines is that of the threads. */
export const DEFAULT_LIMITS: Pick<Limits, 'machinesPerHost' | 'machinesPerDatastore'> = {
  /** vCenter lets a host do eight such operations at a time; half are left to daily work. */
  machinesPerHost: 4,
  /** As many as vCenter lets Storage vMotion move from one datastore. */
  machinesPerDatastore: 8,
};

export function ratesOf({ rates = {} }: Pick<Migration, 'rates'>): Rates {
  return {
    sourceMiBps: rates.sourceMiBps ?? DEFAULT_RATES.sourceMiBps,
    networkMiBps: rates.networkMiBps ?? DEFAULT_RATES.networkMiBps,
    threadMiBps: rates.threadMiBps ?? DEFAULT_RATES.threadMiBps,
    targetMiBps: rates.targetMiBps ?? DEFAULT_RATES.targetMiBps,
    secondsPerMachine: rates.secondsPerMachine ?? DEFAULT_RATES.secondsPerMachine,
  };
}

/** `threads` is how many there are where the file does not say. A machine is moved by one thread while others wait. */
export function limitsOf({ limits = {} }: Pick<Migration, 'limits'>, threads: number): Limits {
  return {
    machinesAtOnce: limits.machinesAtOnce ?? limits.threads ?? threads,
    machinesPerHost: limits.machinesPerHost ?? DEFAULT_LIMITS.machinesPerHost,
    machinesPerDatastore: limits.machinesPerDatastore ?? DEFAULT_LIMITS.machinesPerDatastore,
    threads: limits.threads ?? threads,
    machinesPerTargetHost: limits.machinesPerTargetHost ?? null,
    machinesPerStorage: limits.machinesPerStorage ?? null,
    byName: {
      hosts: limits.hosts ?? {},
      datastores: limits.datastores ?? {},
      targetHosts: limits.targetHosts ?? {},
      storage: limits.storage ?? {},
    },
  };
}
