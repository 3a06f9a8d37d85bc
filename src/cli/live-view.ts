import type { BatchEvent } from '../coordinator/index.js';
import { describeError } from '../model/errors.js';
import { formatBytes, formatSeconds } from '../model/format.js';
import { green, red, yellow } from './output.js';
import { Throughput } from './throughput.js';

const REDRAW_MILLISECONDS = 200;
const PLAIN_MILLISECONDS = 60_000;
const BAR_WIDTH = 20;

interface DiskLine {
  readonly label: string;
  readonly throughput: Throughput;
  done: number;
  total: number;
}

/**
 * Shows a batch while it runs: on a terminal a line per running disk and one for the whole, redrawn in place;
 * elsewhere a line per event and progress once a minute. Writes to standard error.
 */
export class LiveView {
  readonly #terminal = process.stderr.isTTY === true && process.env.TERM !== 'dumb';
  readonly #disks = new Map<string, DiskLine>();
  readonly #timer: NodeJS.Timeout;
  readonly #total: Throughput;
  readonly #totalBytes: number;
  readonly #finishedBytes = new Map<string, number>();
  #drawnLines = 0;

  /** `totalBytes`: guest data of all machines. */
  constructor(totalBytes: number) {
    this.#totalBytes = totalBytes;
    this.#total = new Throughput();
    this.#timer = setInterval(() => this.#tick(), this.#terminal ? REDRAW_MILLISECONDS : PLAIN_MILLISECONDS);
    this.#timer.unref();
  }

  readonly observe = (event: BatchEvent): void => {
    if (event.kind === 'progress') this.#progress(event);
    else if (event.kind === 'job') this.#jobChanged(event);
  };

  /** Writes a line that stays, above what is redrawn. */
  readonly tell = (line: string): void => {
    this.#erase();
    process.stderr.write(`${line}\n`);
    this.#draw();
  };

  end(): void {
    clearInterval(this.#timer);
    this.#erase();
  }

  #progress({ name, disk, progress }: BatchEvent & { kind: 'progress' }): void {
    const key = `${name}/${disk}`;
    const line = this.#disks.get(key) ?? { label: key, throughput: new Throughput(), done: 0, total: 0 };
    line.done = progress.doneBytes;
    line.total = progress.totalBytes;
    line.throughput.update(progress.doneBytes);
    this.#disks.set(key, line);
    this.#finishedBytes.set(key, progress.doneBytes);
    this.#total.update(this.#doneBytes());
  }

  #jobChanged({ name, state, error }: BatchEvent & { kind: 'job' }): void {
    if (state !== 'converting') {
      for (const key of [...this.#disks.keys()]) if (key.startsWith(`${name}/`)) this.#disks.delete(key);
    }
    const marks = { done: green('done'), failed: red('failed'), cancelled: yellow('cancelled') };
    const mark = state === 'done' || state === 'failed' || state === 'cancelled' ? marks[state] : state;
    if (this.#terminal && (state === 'fixing' || state === 'converting' || state === 'planned')) return;
    this.tell(`${name}: ${mark}${error === null ? '' : ` – ${describeError(error)} (${error.code})`}`);
    if (error !== null) this.tell(`  hint: ${error.hint}`);
  }

  #doneBytes(): number {
    return [...this.#finishedBytes.values()].reduce((sum, bytes) => sum + bytes, 0);
  }

  #tick(): void {
    this.#erase();
    if (this.#terminal) this.#draw();
    else process.stderr.write(`${this.#totalLine()}\n`);
  }

  #draw(): void {
    if (!this.#terminal) return;
    const width = process.stderr.columns ?? 80;
    const lines = [...this.#disks.values()].map((disk) => diskLine(disk));
    lines.push(this.#totalLine());
    process.stderr.write(lines.map((line) => `${line.slice(0, width - 1)}\n`).join(''));
    this.#drawnLines = lines.length;
  }

  #erase(): void {
    if (this.#drawnLines > 0) process.stderr.write(`\u001b[${this.#drawnLines}A\u001b[0J`);
    this.#drawnLines = 0;
  }

  #totalLine(): string {
    const done = Math.min(this.#doneBytes(), this.#totalBytes);
    return `total ${progressText(done, this.#totalBytes, this.#total.bytesPerSecond)}`;
  }
}

function diskLine({ label, done, total, throughput }: DiskLine): string {
  const filled = total === 0 ? BAR_WIDTH : Math.round((done / total) * BAR_WIDTH);
  const bar = '▓'.repeat(filled) + '░'.repeat(BAR_WIDTH - filled);
  return `${label.padEnd(24)} ${bar} ${progressText(done, total, throughput.bytesPerSecond)}`;
}

/** `62%  118 GiB/190 GiB  214 MiB/s  ETA 5 m 40 s` */
export function progressText(done: number, total: number, rate: number): string {
  const percent = total === 0 ? 100 : Math.floor((done / total) * 100);
  const eta = rate > 0 ? formatSeconds((total - done) / rate) : '?';
  return `${percent}%  ${formatBytes(done)}/${formatBytes(total)}  ${formatBytes(Math.round(rate))}/s  ETA ${eta}`;
}
