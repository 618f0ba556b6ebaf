import type { Run } from './run-state.js';

/**
 * Order and fairness: runs of one key go one at a time, in the order they were added; keys take turns for the running places.
 * A lane is a key with runs. Its head is idle (ready to run), running, or waiting (holds the key, takes no place).
 */
interface Lane {
  readonly key: string;
  readonly runs: Run[];
  /** Index of the head in `runs`: cheaper than shifting a long queue. */
  head: number;
  state: 'ready' | 'running' | 'waiting';
  /** The head has run before and only waited: nothing goes before it. */
  begun: boolean;
  critical: boolean;
}

export class Lanes {
  readonly #lanes = new Map<string, Lane>();
  readonly #critical = new Set<Lane>();
  readonly #normal = new Set<Lane>();
  readonly #places: number;
  readonly #start: (run: Run) => void;
  #running = 0;
  #stopped = false;

  /** `places`: runs at once; critical routes have a tenth more of their own. `start` is called when a run's turn has come. */
  constructor(places: number, start: (run: Run) => void) {
    this.#places = places;
    this.#start = start;
  }

  /** Keys with runs. */
  get size(): number {
    return this.#lanes.size;
  }

  get running(): number {
    return this.#running;
  }

  /** Behind all other runs of its key. */
  add(run: Run): void {
    const lane = this.#lanes.get(run.key);
    if (lane === undefined) {
      const fresh: Lane = { key: run.key, runs: [run], head: 0, state: 'ready', begun: false, critical: run.critical };
      this.#lanes.set(run.key, fresh);
      this.#ready(fresh);
      return;
    }
    lane.runs.push(run);
  }

  /** Before all other runs of its key that have not begun: a run that a person set going again. */
  addFirst(run: Run): void {
    const lane = this.#lanes.get(run.key);
    if (lane === undefined) return this.add(run);
    lane.runs.splice(lane.state === 'ready' && !lane.begun ? lane.head : lane.head + 1, 0, run);
  }

  /** The head of its key has become able to go on. */
  wake(run: Run): void {
    const lane = this.#lanes.get(run.key);
    if (lane === undefined || lane.state !== 'waiting' || lane.runs[lane.head] !== run) return;
    this.#ready(lane);
  }

  /** The started run waits: it keeps its key and gives up its place. */
  waits(run: Run): void {
    this.#left(run, (lane) => {
      lane.state = 'waiting';
    });
  }

  /** The started run is over, or needs a person: the next of its key may go. */
  leaves(run: Run): void {
    this.#left(run, (lane) => {
      lane.head += 1;
      lane.begun = false;
      if (lane.head >= lane.runs.length) {
        this.#lanes.delete(lane.key);
        return;
      }
      if (lane.head > 1_000 && lane.head * 2 > lane.runs.length) {
        lane.runs.splice(0, lane.head);
        lane.head = 0;
      }
      this.#ready(lane);
    });
  }

  /** Starts nothing more. */
  stop(): void {
    this.#stopped = true;
    this.#critical.clear();
    this.#normal.clear();
  }

  #left(run: Run, then: (lane: Lane) => void): void {
    const lane = this.#lanes.get(run.key);
    if (lane === undefined || lane.runs[lane.head] !== run) return;
    this.#running -= 1;
    then(lane);
    this.#fill();
  }

  #ready(lane: Lane): void {
    lane.state = 'ready';
    lane.critical = lane.runs[lane.head]?.critical ?? false;
    (lane.critical ? this.#critical : this.#normal).add(lane);
    this.#fill();
  }

  #fill(): void {
    if (this.#stopped) return;
    for (;;) {
      const queue = this.#critical.size > 0 ? this.#critical : this.#normal;
      const places = queue === this.#critical ? this.#places + Math.ceil(this.#places / 10) : this.#places;
      const lane = queue.values().next().value;
      if (lane === undefined || this.#running >= places) return;
      queue.delete(lane);
      const run = lane.runs[lane.head];
      if (run === undefined) continue;
      lane.state = 'running';
      lane.begun = true;
      this.#running += 1;
      this.#start(run);
    }
  }
}
