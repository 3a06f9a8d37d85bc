/** Lets bytes through at a rate, whatever the size of the pieces: what timers round off is not lost. */
export class SlowLink {
  private readonly bytesPerSecond: number;
  /** When all that was sent is through. */
  private due = 0;

  constructor(bytesPerSecond: number) {
    this.bytesPerSecond = bytesPerSecond;
  }

  /** Resolves when so many bytes more are through. */
  async pass(bytes: number): Promise<void> {
    this.due = Math.max(this.due, performance.now()) + (bytes * 1000) / this.bytesPerSecond;
    for (let left = this.due - performance.now(); left >= 1; left = this.due - performance.now()) {
      await new Promise((resolve) => setTimeout(resolve, left));
    }
  }
}
