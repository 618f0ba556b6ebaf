import { type Fleet, pause } from './fleet.js';

export interface LoadOptions {
  readonly perSecond: number;
  /** Body of POST /ingest/adhoc; the same for the same number. */
  readonly event: (number: number) => Readonly<Record<string, unknown>>;
}

const TICK_MS = 100;

/** Senders as they are: each repeats, at another router, what was not answered, until it is. */
export class Load {
  /** Number → the id under which the router has it. */
  readonly accepted = new Map<number, string>();
  #sent = 0;
  #ended = false;
  readonly #sending = new Set<Promise<void>>();
  readonly #ticking: Promise<void>;

  constructor(
    readonly fleet: Fleet,
    readonly options: LoadOptions,
  ) {
    this.#ticking = this.#tick();
  }

  get sent(): number {
    return this.#sent;
  }

  /** No new events; resolves when every one that was sent has been accepted. */
  async end(): Promise<void> {
    this.#ended = true;
    await this.#ticking;
    await Promise.all(this.#sending);
  }

  async #tick(): Promise<void> {
    const startMs = Date.now();
    while (!this.#ended) {
      const due = ((Date.now() - startMs) / 1_000) * this.options.perSecond;
      while (this.#sent < due) {
        const sending = this.#send(this.#sent++);
        this.#sending.add(sending);
        void sending.finally(() => this.#sending.delete(sending));
      }
      await pause(TICK_MS);
    }
  }

  async #send(number: number): Promise<void> {
    const body = JSON.stringify(this.options.event(number));
    for (let attempt = 0; ; attempt += 1) {
      const id = await this.#post(`${this.fleet.url((number + attempt) % this.fleet.size)}/ingest/adhoc`, body);
      if (id !== undefined) return void this.accepted.set(number, id);
      await pause(Math.min(2_000, 200 * (attempt + 1)));
    }
  }

  async #post(url: string, body: string): Promise<string | undefined> {
    try {
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(url, { method: 'POST', headers, body, signal: AbortSignal.timeout(10_000) });
      const answer = (await response.json()) as { events?: { id: string }[] };
      return response.status === 202 ? answer.events?.[0]?.id : undefined;
    } catch {
      return undefined;
    }
  }
}
