import type { Json } from '../event/event.js';
import type { JournalEntry } from '../journal/journal.js';
import type { Accepted } from '../journal/records.js';
import { routeTextKey } from '../journal/records.js';
import type { CompiledRoute, RouteTable } from '../plan.js';
import { builtInRoute } from './digest.js';

export interface PinnedRoutesPorts {
  get(key: string): Promise<Json | undefined>;
  routes(): RouteTable;
}

/** Routes by hash, as runs and incidents pin them: from the journal's texts, not from today's mapping files. */
export class PinnedRoutes {
  readonly #ports: PinnedRoutesPorts;
  /** undefined: looked for, and gone or unreadable. */
  readonly #routes = new Map<string, CompiledRoute | undefined>();
  readonly #written = new Set<string>();

  constructor(ports: PinnedRoutesPorts) {
    this.#ports = ports;
  }

  /** One that was loaded or pinned before. */
  get(hash: string): CompiledRoute | undefined {
    return this.#routes.get(hash);
  }

  /** Rejects when its text is gone or unreadable: the run cannot go on without it. */
  async require(hash: string): Promise<CompiledRoute> {
    const route = await this.load(hash);
    if (route === undefined) throw new Error(`The text of pinned route ${hash.slice(0, 12)} is gone or unreadable.`);
    return route;
  }

  async load(hash: string): Promise<CompiledRoute | undefined> {
    if (this.#routes.has(hash)) return this.#routes.get(hash);
    const route = builtInRoute(hash) ?? this.#compile(await this.#ports.get(routeTextKey(hash)), hash);
    this.#routes.set(hash, route);
    return route;
  }

  /**
   * Those of a run's branches. A text that is gone is taken from today's mappings where they still have that route, and written again into `entries`;
   * undefined: one of them is nowhere.
   */
  async loadAll({ event, branches }: Accepted, entries: JournalEntry[]): Promise<readonly CompiledRoute[] | undefined> {
    const routes: CompiledRoute[] = [];
    for (const { hash } of branches) {
      const route =
        (await this.load(hash)) ??
        this.#ports
          .routes()
          .match(event)
          .find((today) => today.hash === hash);
      if (route === undefined) return undefined;
      if (this.get(hash) === undefined) entries.push(...this.pin([route]));
      routes.push(route);
    }
    return routes;
  }

  /** Pins routes; the entries that write the texts which the journal lacks. */
  pin(routes: readonly CompiledRoute[]): JournalEntry[] {
    const entries: JournalEntry[] = [];
    for (const route of routes) {
      this.#routes.set(route.hash, route);
      if (this.#written.has(route.hash)) continue;
      this.#written.add(route.hash);
      entries.push({ key: routeTextKey(route.hash), value: route.text });
    }
    return entries;
  }

  /** At restore, when all that is live has been loaded: the entries that remove texts which nothing pins any more. */
  async unused(texts: AsyncIterable<{ key: string }>): Promise<JournalEntry[]> {
    const entries: JournalEntry[] = [];
    for await (const { key } of texts) if (!this.#routes.has(key.slice(2))) entries.push({ key, value: undefined });
    return entries;
  }

  #compile(text: Json | undefined, hash: string): CompiledRoute | undefined {
    if (typeof text !== 'string') return undefined;
    try {
      const route = this.#ports.routes().compilePinned(text);
      this.#written.add(hash);
      return route;
    } catch {
      return undefined;
    }
  }
}
