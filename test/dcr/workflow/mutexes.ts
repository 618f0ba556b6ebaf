/** Argo's mutexes: who comes second waits, in order, until the first has ended, its exit handler too. */
export class Mutexes {
  readonly #tails = new Map<string, Promise<void>>();

  async lock(names: readonly string[]): Promise<() => void> {
    const releases: (() => void)[] = [];
    for (const name of names) {
      const before = this.#tails.get(name) ?? Promise.resolve();
      let release: () => void = () => undefined;
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      this.#tails.set(
        name,
        before.then(() => held),
      );
      await before;
      releases.push(release);
    }
    return () => {
      for (const release of releases) release();
    };
  }
}
