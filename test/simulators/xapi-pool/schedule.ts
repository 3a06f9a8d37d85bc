/** What is to happen later, unless the pool is closed before. */
export class Schedule {
  private readonly timers = new Set<NodeJS.Timeout>();
  private closed = false;

  after(milliseconds: number, act: () => void): void {
    if (this.closed) {
      return;
    }
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      act();
    }, milliseconds);
    this.timers.add(timer);
  }

  close(): void {
    this.closed = true;
    for (const timer of this.timers) {
      clearTimeout(timer);
    }
    this.timers.clear();
  }
}
