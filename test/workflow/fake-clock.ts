import { Prng } from '#test/simulation/prng.js';
import { drainMicrotasks, VirtualClock } from '#test/simulation/virtual-clock.js';

export const NOW_MS = Date.UTC(2026, 0, 1);

/** A clock that stands still until `pass` is called. */
export class FakeClock extends VirtualClock {
  constructor() {
    super(new Prng(1), NOW_MS);
  }

  /** Lets this much time pass, firing what comes due, in order. */
  async pass(forMs: number): Promise<void> {
    const untilMs = this.steadyMs + forMs;
    let over = false;
    // Just after, so that what comes due at the very end has fired.
    this.after(forMs + 0.5, () => {
      over = true;
    });
    while (!over) await this.step();
    this.steadyMs = untilMs;
    await drainMicrotasks();
  }
}
