import { html, nothing, type TemplateResult } from 'lit';
import { Problem } from '../client/problem.js';
import type { AppContext } from '../context.js';
import { problemNote } from './elements.js';
import { Part } from './part.js';

/** Changes come in bursts; what they are about is asked for at most so often. */
const PAUSE_MS = 1500;
/** Figures that no event tells of are asked for so often. */
const EVERY_MS = 15_000;

/** A screen of the dashboard: asks for what it shows, and again when something has changed. */
export abstract class Screen<T> extends Part {
  static override properties = { app: { attribute: false } };
  declare app: AppContext;
  /** Null until the first answer. */
  protected data: T | null = null;
  protected problem: Problem | null = null;
  /** How often it asks unasked, in milliseconds; null: never. */
  protected readonly everyMs: number | null = EVERY_MS;
  #leave: (() => void)[] = [];
  #timer: ReturnType<typeof setTimeout> | null = null;
  #askedAt = 0;
  #asking = false;
  #again = false;

  /** Throws a Problem when it is refused. */
  protected abstract load(): Promise<T>;
  protected abstract page(data: T): TemplateResult;

  /** Whether what is shown may have become old with this event's batch or job. */
  protected concerns(_batchId: number | null, _jobId: number | null): boolean {
    return true;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void this.refresh();
    this.#keepAsking();
    this.whileShown(
      this.app.live.on('changed', ({ detail }) => {
        if (detail === null || this.concerns(detail.batchId, detail.jobId)) this.refreshSoon();
      }),
    );
  }

  /** Nobody looks at a hidden page; it catches up when it is shown. */
  #keepAsking(): void {
    if (this.everyMs === null) return;
    const timer = setInterval(() => {
      if (!document.hidden) this.refreshSoon();
    }, this.everyMs);
    const shown = (): void => {
      if (!document.hidden) this.refreshSoon();
    };
    document.addEventListener('visibilitychange', shown);
    this.whileShown(() => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', shown);
    });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    for (const leave of this.#leave.splice(0)) leave();
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** Called when the screen is left. */
  protected whileShown(leave: () => void): void {
    this.#leave.push(leave);
  }

  protected refreshSoon(): void {
    const wait = Math.max(0, this.#askedAt + PAUSE_MS - Date.now());
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      void this.refresh();
    }, wait);
  }

  protected async refresh(): Promise<void> {
    if (this.#asking) {
      this.#again = true;
      return;
    }
    this.#asking = true;
    this.#askedAt = Date.now();
    try {
      this.data = await this.load();
      this.problem = null;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      // What was there stays on show while the service does not answer; that it is old is said at the top.
      if (this.data === null || !error.mayPass) this.problem = error;
    } finally {
      this.#asking = false;
      this.requestUpdate();
    }
    if (this.#again) {
      this.#again = false;
      this.refreshSoon();
    }
  }

  /** Does what the operator asked for and shows what came of it; false when it was refused. */
  protected async attempt(work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work();
      this.problem = null;
      return true;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.problem = error;
      return false;
    } finally {
      this.requestUpdate();
    }
  }

  protected override render(): TemplateResult {
    return html`${this.problem === null ? nothing : problemNote(this.problem)}
    ${this.data === null ? this.#waiting() : this.page(this.data)}`;
  }

  #waiting(): TemplateResult | typeof nothing {
    return this.problem === null ? html`<p class="soft" aria-busy="true">One moment…</p>` : nothing;
  }
}
