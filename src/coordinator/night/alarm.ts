/** Sleep that can be cut short. */
export class Alarm {
  #wakeUp: () => void = () => {};
  #stirred = false;

  /** Whether something has happened since the last sleep. */
  get stirred(): boolean {
    return this.#stirred;
  }

  wake(): void {
    this.#stirred = true;
    this.#wakeUp();
  }

  /** Not when something has happened since the last sleep. */
  async sleep(milliseconds: number): Promise<void> {
    if (milliseconds > 0 && !this.#stirred) {
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        this.#wakeUp = resolve;
        timer = setTimeout(resolve, milliseconds);
      });
      clearTimeout(timer);
    }
    this.#stirred = false;
  }
}
