import type { Ledger } from '../../ledger/index.js';
import type { Outlook } from '../../model/outlook.js';
import { type Decision, type Forecast, forecast, type Night } from '../../scheduling/index.js';
import { outlookOf } from './outlook.js';
import type { NightRates } from './rates.js';
import type { RunningJobs } from './running-jobs.js';
import type { TrackedJobs } from './tracked-jobs.js';

const FORECAST_MS = 30_000;
const OUTLOOK_MS = 5000;

interface OutlookParts {
  readonly ledger: Ledger;
  readonly batchId: number;
  readonly tracked: TrackedJobs;
  readonly running: RunningJobs;
  readonly rates: NightRates;
}

/** Says in the ledger what is to be expected. Instants are milliseconds since 1970. */
export class OutlookWriter {
  readonly #parts: OutlookParts;
  #forecast: Forecast | null = null;
  #forecastAt = 0;
  #outlookAt = 0;
  #estimateEndsAt: number | null = null;
  #window: string | null = null;

  constructor(parts: OutlookParts) {
    this.#parts = parts;
  }

  /** Something has happened that the forecast does not know of. */
  outdate(): void {
    this.#forecastAt = 0;
  }

  /** What was written; null when it is not time yet. `stuckSince`: by machine. */
  async look(
    night: Night,
    decision: Decision,
    stuckSince: ReadonlyMap<string, number>,
    now: number,
  ): Promise<Outlook | null> {
    const latest = this.#forecastOf(night, now);
    if (now - this.#outlookAt < OUTLOOK_MS) return null;
    this.#outlookAt = now;
    const { ledger, batchId, tracked, running, rates } = this.#parts;
    const outlook = outlookOf({
      night,
      now,
      decision,
      forecast: latest,
      meter: rates.meter,
      running: tracked.jobs.filter(({ id }) => running.has(id)),
      machinesAtOnce: rates.machinesAtOnce,
      estimateEndsAt: this.#estimateEndsAt,
      stuckSince,
      ledgerId: (id) => tracked.ledgerId(id),
    });
    await ledger.nights.setOutlook(batchId, outlook);
    await this.#noteWindow(outlook);
    return outlook;
  }

  #forecastOf(night: Night, now: number): Forecast {
    if (this.#forecast !== null && now - this.#forecastAt < FORECAST_MS) return this.#forecast;
    this.#forecast = forecast(night, now);
    this.#forecastAt = now;
    this.#estimateEndsAt ??= this.#forecast.endsAt;
    this.#outlookAt = 0;
    return this.#forecast;
  }

  async #noteWindow({ window }: Outlook): Promise<void> {
    const state = window === null ? null : `${window.name} ${window.open}`;
    if (state === this.#window) return;
    this.#window = state;
    if (window === null) return;
    const { ledger, batchId } = this.#parts;
    const { name, open } = window;
    await ledger.events.append({ batchId, jobId: null, kind: 'window', data: { name, open } });
  }
}
