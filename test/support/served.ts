import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KINDS } from '#runtime/catalog.js';
import { parseConfig } from '#runtime/config.js';
import type { Json } from '#runtime/event/event.js';
import { OUTCOMES } from '#runtime/journal/records.js';
import { createLogger } from '#runtime/observe.js';
import { type RunningRouter, serve } from '#runtime/serve.js';

const ENDED: readonly string[] = OUTCOMES;

export interface Answer {
  readonly status: number;
  readonly body: Record<string, Json>;
}

/** A whole router in this process, on loopback and a folder of its own; started again with another configuration on the same folder. */
export class Served {
  readonly #dir = mkdtempSync(join(tmpdir(), 'sre-router-served-'));
  #router: RunningRouter | undefined;

  /** `mapping`: the content of the one mapping file. */
  constructor(mapping: unknown) {
    mkdirSync(join(this.#dir, 'mappings'));
    writeFileSync(join(this.#dir, 'mappings', 'mapping.json'), JSON.stringify(mapping));
  }

  async start(config: Readonly<Record<string, unknown>> = {}): Promise<void> {
    await this.#router?.stop();
    const whole = { http: { port: 0 }, log: { dir: join(this.#dir, 'data') }, mappings: join(this.#dir, 'mappings'), ...config };
    this.#router = await serve(parseConfig(whole, KINDS), { logger: createLogger({ level: 'silent' }) });
  }

  async post(
    path: string,
    body: string | Buffer,
    headers: Readonly<Record<string, string>> = { 'content-type': 'application/json' },
  ): Promise<Answer> {
    return this.#ask(path, { method: 'POST', body, headers });
  }

  async get(path: string): Promise<Answer> {
    return this.#ask(path, {});
  }

  async text(path: string): Promise<string> {
    return (await fetch(`${this.#router?.url}${path}`)).text();
  }

  /** The event once it has ended: asked for until then. */
  async ended(id: string): Promise<Record<string, Json>> {
    for (;;) {
      const { status, body } = await this.get(`/api/v1/events/${id}`);
      if (status === 200 && ENDED.includes(String(body.state))) return body;
    }
  }

  async close(): Promise<void> {
    await this.#router?.stop();
    rmSync(this.#dir, { recursive: true, force: true });
  }

  async #ask(path: string, init: RequestInit): Promise<Answer> {
    const response = await fetch(`${this.#router?.url}${path}`, init);
    return { status: response.status, body: (await response.json()) as Record<string, Json> };
  }
}
