/** The work of a rebuild. static: each member has its share, and a lost member's share stands still until it is back. balance: whoever is there takes the next unit. */
export class Rebuild {
  readonly units: number;
  readonly #unitMs: number;
  readonly #left: Map<string, number> | undefined;
  #done = 0;

  constructor(options: { mode: 'static' | 'balance'; units: number; unitMs: number; members: readonly string[] }) {
    this.units = options.units;
    this.#unitMs = options.unitMs;
    const { members } = options;
    if (options.mode === 'static') this.#left = new Map(members.map((name) => [name, options.units / members.length]));
  }

  get done(): number {
    return this.isOver ? this.units : Math.min(this.units - 1, Math.floor(this.#done));
  }

  get isOver(): boolean {
    return this.#done >= this.units - 1e-6;
  }

  /** Of those present, who has work. */
  working(present: readonly string[]): string[] {
    if (this.isOver) return [];
    return present.filter((name) => this.#left === undefined || (this.#left.get(name) ?? 0) > 0);
  }

  /** These worked for so long. */
  work(present: readonly string[], forMs: number): void {
    for (const name of this.working(present)) {
      const can = Math.min(forMs / this.#unitMs, this.units - this.#done);
      const left = this.#left?.get(name);
      const did = left === undefined ? can : Math.min(can, left);
      this.#left?.set(name, (left ?? 0) - did);
      this.#done += did;
    }
  }
}
