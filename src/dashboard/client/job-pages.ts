import type { JobSummary, Page, ProgressEvent } from '../documents.js';

type Ask = (cursor: string | null) => Promise<Page<JobSummary>>;

/** The part of a list that a page has been shown so far, page by page. */
export class JobPages {
  readonly #ask: Ask;
  readonly #pages: { readonly cursor: string | null; items: JobSummary[] }[] = [];
  #next: string | null = null;
  #complete = false;
  #loading: Promise<void> | null = null;
  #rows: readonly JobSummary[] | null = null;

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  /** In the list's order; each once, though one that changed its place meanwhile stands on two pages. */
  get rows(): readonly JobSummary[] {
    this.#rows ??= [
      ...new Map(this.#pages.flatMap(({ items }) => items.map((job) => [job.id, job]))).values(),
    ];
    return this.#rows;
  }

  /** Whether there is nothing after `rows`. */
  get complete(): boolean {
    return this.#complete;
  }

  /** The next page; while one is on its way, that one. */
  async more(): Promise<void> {
    if (this.#complete) return;
    this.#loading ??= this.#load().finally(() => {
      this.#loading = null;
    });
    await this.#loading;
  }

  /** Asks again for the pages that hold the rows from `first` to before `end`; the last of them may have grown. */
  async refresh(first: number, end: number): Promise<void> {
    let start = 0;
    const asked: Promise<void>[] = [];
    for (const page of this.#pages) {
      const past = page === this.#pages.at(-1) ? Number.POSITIVE_INFINITY : start + page.items.length;
      if (start < end && past > first) asked.push(this.#reload(page));
      start = past;
    }
    await Promise.all(asked);
  }

  /** Whether any of the rows has changed. */
  progress({ jobs }: ProgressEvent): boolean {
    const news = new Map(jobs.map((job) => [job.id, job]));
    let changed = false;
    for (const page of this.#pages) {
      page.items = page.items.map((job) => {
        const moved = news.get(job.id);
        if (moved === undefined) return job;
        changed = true;
        const { step, movedBytes, bytesPerSecond } = moved;
        return { ...job, step, movedBytes, bytesPerSecond };
      });
    }
    if (changed) this.#rows = null;
    return changed;
  }

  async #load(): Promise<void> {
    const cursor = this.#next;
    const { items, next } = await this.#ask(cursor);
    this.#pages.push({ cursor, items: [...items] });
    this.#next = next;
    this.#complete = next === null;
    this.#rows = null;
  }

  async #reload(page: { readonly cursor: string | null; items: JobSummary[] }): Promise<void> {
    const { items, next } = await this.#ask(page.cursor);
    page.items = [...items];
    if (page === this.#pages.at(-1)) {
      this.#next = next;
      this.#complete = next === null;
    }
    this.#rows = null;
  }
}
