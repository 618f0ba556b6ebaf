import { setMaxListeners } from 'node:events';
import { Agent } from 'undici';
import type { Clock } from '#runtime/clock.js';
import type { Json } from '#runtime/event/event.js';
import { type Action, type ActionContext, type DestinationTools, Ongoing } from '#runtime/workflow/action.js';
import { ACTIONS, DESTINATION_KINDS } from '#runtime/workflow/actions/registry.js';
import { type CallResult, call } from '#runtime/workflow/call.js';
import { openTransport } from '#runtime/workflow/transport.js';
import { startJira } from '#test/sandbox/jira.js';
import type { Effect, StandIn } from '#test/sandbox/server.js';
import { startSlack } from '#test/sandbox/slack.js';
import { startSre } from '#test/sandbox/sre.js';

/** In every secret file; must never be seen anywhere but in the request. */
export const SECRET = 'xoxb-canary-7f3a9c';

const STARTS = { slack: startSlack, jira: startJira, sre: startSre, http: startSre };
export type Kind = keyof typeof STARTS;

const SETTINGS: Readonly<Record<Kind, Readonly<Record<string, unknown>>>> = {
  slack: { tokenFile: 'token', settle: '3s' },
  jira: { version: 3, auth: 'basic', email: 'router@sandbox.example', tokenFile: 'token', settle: '60s' },
  sre: { tokenFile: 'token', idempotency: { header: 'Idempotency-Key' } },
  http: { idempotency: { header: 'Idempotency-Key' } },
};

/** Time passes only where the test lets a time-out fire. */
class HeldClock implements Clock {
  readonly #timers = new Set<() => void>();

  nowMs(): number {
    return Date.now();
  }

  after(_delayMs: number, fire: () => void): () => void {
    this.#timers.add(fire);
    return () => this.#timers.delete(fire);
  }

  fireAll(): void {
    for (const fire of [...this.#timers]) fire();
  }

  get waiting(): number {
    return this.#timers.size;
  }
}

/** One destination over real HTTP to its stand-in, through its real client. */
export class World {
  readonly standIn: StandIn;
  readonly client: unknown;
  readonly clock = new HeldClock();
  readonly shutdown = new AbortController();
  readonly #agent: Agent;
  #effectHook: ((effect: Effect) => void) | undefined;

  private constructor(standIn: StandIn, client: unknown, agent: Agent, hook: (give: (effect: Effect) => void) => void) {
    this.standIn = standIn;
    this.client = client;
    this.#agent = agent;
    setMaxListeners(0, this.shutdown.signal);
    hook((effect) => this.#effectHook?.(effect));
  }

  static async open(kind: Kind, settings: Readonly<Record<string, unknown>> = {}, url?: string): Promise<World> {
    let give: (effect: Effect) => void = () => undefined;
    const standIn = await STARTS[kind]((_name, effect) => give(effect));
    const agent = new Agent();
    const tools: DestinationTools = {
      secret: () => SECRET,
      hide: () => undefined,
      transport: openTransport(agent),
      userAgent: 'sre-router/test',
      nowMs: () => Date.now(),
    };
    const opened = DESTINATION_KINDS[kind];
    if (opened === undefined) throw new Error(`no kind ${kind}`);
    const parsed = opened.config.parse({ baseUrl: url ?? standIn.url, ...SETTINGS[kind], ...settings });
    return new World(standIn, opened.open(kind, parsed, tools), agent, (set) => {
      give = set;
    });
  }

  /** Resolves with the next effect at the target. */
  nextEffect(): Promise<Effect> {
    return new Promise((resolve) => {
      this.#effectHook = resolve;
    });
  }

  context(key: string, signal: AbortSignal, attempt = 1): ActionContext<unknown> {
    return { client: this.client, key, signal, firstIntentMs: Date.now() - 1_000, attempt };
  }

  run(name: string, input: Json, key: string, attempt = 1): Promise<CallResult<Json | Ongoing>> {
    const action = actionOf(name);
    return this.call((signal) => action.run(parse(action, input), this.context(key, signal, attempt)));
  }

  probe(name: string, input: Json, key: string): Promise<CallResult<Json | undefined>> {
    const action = actionOf(name);
    return this.call(async (signal) => action.probe?.(parse(action, input), this.context(key, signal)));
  }

  follow(name: string, memo: Json, input: Json, key: string): Promise<CallResult<Json | Ongoing | undefined>> {
    const action = actionOf(name);
    return this.call(async (signal) => action.follow?.(memo, parse(action, input), this.context(key, signal)));
  }

  call<T>(make: (signal: AbortSignal) => Promise<T>): Promise<CallResult<T>> {
    return call(this.clock, 10_000, this.shutdown.signal, make);
  }

  /** The output of a call that must work. */
  async must(name: string, input: Json, key: string): Promise<Json> {
    const result = await this.run(name, input, key);
    if (!result.ok) throw result.error;
    if (result.value instanceof Ongoing) throw new Error('still under way');
    return result.value;
  }

  /** Requests from now on come on new connections. */
  async freshConnections(): Promise<void> {
    this.standIn.dropIdle();
    await this.standIn.allClosed();
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
    await this.standIn.close();
  }
}

export function actionOf(name: string): Action {
  const action = ACTIONS[name];
  if (action === undefined) throw new Error(`no action ${name}`);
  return action;
}

/** As the workflow does: what the schema makes of it is what the action gets. */
export const parse = (action: Action, input: Json): Json => action.input.parse(input) as Json;
