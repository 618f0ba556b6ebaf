import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { KINDS } from '#runtime/catalog.js';
import { parseConfig } from '#runtime/config.js';
import type { Journal } from '#runtime/journal/journal.js';
import type { Log } from '#runtime/log/log.js';
import { createLogger } from '#runtime/observe.js';
import { serve } from '#runtime/serve.js';

export interface RouterSetup {
  /** Mapping files' routes: event type → routes. */
  readonly routes?: unknown;
  readonly destinations?: Readonly<Record<string, unknown>>;
  /** Sections of the configuration. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Log lines as on a terminal. */
  readonly readable?: boolean;
  readonly wrapLog?: (log: Log) => Log;
  readonly wrapJournal?: (journal: Journal) => Journal;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of many shapes; their schemas are checked elsewhere.
  readonly json: any;
}

/** A whole router in this process, on a free port, with its own folder; its log lines are kept. */
export class RunningRouter {
  readonly dir = mkdtempSync(join(tmpdir(), 'sre-router-surface-'));
  readonly lines: string[] = [];
  url = '';
  #stop: () => Promise<void> = async () => undefined;

  file(name: string, text: string): string {
    const path = join(this.dir, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  }

  async start(setup: RouterSetup = {}): Promise<this> {
    const mappings = join(this.dir, 'mappings');
    mkdirSync(mappings, { recursive: true });
    writeFileSync(join(mappings, 'mapping.json'), JSON.stringify({ routes: setup.routes ?? {} }));
    const config = parseConfig(
      {
        http: { host: '127.0.0.1', port: 0 },
        log: { dir: join(this.dir, 'data') },
        mappings,
        destinations: setup.destinations ?? {},
        workflow: { grace: '1s' },
        ...setup.config,
      },
      KINDS,
    );
    const lines = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        this.lines.push(chunk.toString());
        done();
      },
    });
    const logger = createLogger({ level: 'debug', readable: setup.readable === true, destination: lines });
    const router = await serve(config, {
      logger,
      version: '0.0.0-test',
      ...(setup.wrapLog === undefined ? {} : { wrapLog: setup.wrapLog }),
      ...(setup.wrapJournal === undefined ? {} : { wrapJournal: setup.wrapJournal }),
    });
    this.url = router.url;
    this.#stop = () => router.stop();
    return this;
  }

  async ask(path: string, init: RequestInit = {}): Promise<Answer> {
    const response = await fetch(`${this.url}${path}`, { redirect: 'manual', ...init });
    const text = await response.text();
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      json = undefined;
    }
    return { status: response.status, headers: response.headers, text, json };
  }

  post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const text = typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);
    return this.ask(path, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: text as string });
  }

  /** Posts an ad-hoc event and waits until it is over or needs a person; its detail. */
  async send(event: Readonly<Record<string, unknown>>): Promise<Answer['json']> {
    const { json } = await this.post('/ingest/adhoc', event);
    return this.over((json as { events: { id: string }[] }).events[0]?.id ?? '');
  }

  /** Waits until the event has one of these states (default: nothing more happens by itself). */
  async over(id: string, states: readonly string[] = OVER): Promise<Answer['json']> {
    for (const untilMs = Date.now() + WITHIN_MS; ; ) {
      const { json, text } = await this.ask(`/api/v1/events/${encodeURIComponent(id)}`);
      if (states.includes(json?.state)) return json;
      if (Date.now() > untilMs) throw new Error(`Event ${id} is not ${states.join(' or ')} within ${WITHIN_MS} ms: ${text}`);
    }
  }

  async stop(): Promise<void> {
    const stop = this.#stop;
    this.#stop = async () => undefined;
    await stop();
  }

  async close(): Promise<void> {
    await this.stop();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

const WITHIN_MS = 10_000;
const OVER = ['done', 'duplicate', 'repeat', 'expired', 'unrouted', 'quarantined', 'failed', 'parked', 'ambiguous'];
