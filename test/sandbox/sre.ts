import { isDeepStrictEqual } from 'node:util';
import { type Effect, type Handler, type SandboxAnswer, type SandboxRequest, type StandIn, startStandIn } from './server.js';

/** A task's state after submission, then after each look; the last one stays. */
const STATES = ['submitted', 'running', 'done'];

type Fields = Readonly<Record<string, unknown>>;
type RecordEffect = (key: string | null, detail: Fields) => void;

interface Task {
  readonly id: string;
  readonly asked: unknown;
  states: readonly string[];
  /** Looks so far. */
  looks: number;
}

const shown = ({ id, states, looks }: Task): Fields => ({ id, state: states[Math.min(looks, states.length - 1)] });

class Sre implements Handler {
  readonly #byId = new Map<string, Task>();
  readonly #byKey = new Map<string, Task>();
  #states: readonly string[] = STATES;
  #retryAfterSeconds: number | undefined;
  #token: string | undefined;
  #busy = 0;

  route({ method, path }: SandboxRequest): string {
    if (method === 'POST' && path === '/tasks') return 'tasks.submit';
    if (method === 'PUT' && path.startsWith('/things/')) return 'things.put';
    return method === 'GET' && /^\/tasks\/[^/]+$/.test(path) ? 'tasks.get' : `${method} ${path}`;
  }

  /**
   * states: those that tasks submitted from now on go through, one a look · retryAfterSeconds: a header of answers about tasks · token: the only one taken ·
   * busy: so many submissions under a known key are told that the first is still under way (409) ·
   * finish: the state of every task from now on.
   */
  configure({ states, retryAfterSeconds, token, busy, finish }: Fields): void {
    if (Array.isArray(states) && states.length > 0) this.#states = states.map(String);
    if (typeof retryAfterSeconds === 'number') this.#retryAfterSeconds = retryAfterSeconds;
    if (typeof token === 'string') this.#token = token;
    if (typeof busy === 'number') this.#busy = busy;
    if (typeof finish === 'string') for (const task of this.#byId.values()) task.states = [finish];
  }

  handle(request: SandboxRequest, effect: RecordEffect): SandboxAnswer {
    if (this.#token !== undefined && request.headers.authorization !== `Bearer ${this.#token}`)
      return { status: 401, body: { error: 'no such token' } };
    switch (this.route(request)) {
      case 'tasks.submit':
        return this.#submit(request, effect);
      case 'tasks.get':
        return this.#get(request.path.slice('/tasks/'.length));
      case 'things.put':
        effect(null, { path: request.path, body: request.body });
        return { status: 200, body: { ok: true, headers: request.headers } };
      default:
        return { status: 404, body: { error: 'no such route' } };
    }
  }

  #submit({ headers, body }: SandboxRequest, effect: RecordEffect): SandboxAnswer {
    const given = headers['idempotency-key'];
    const key = typeof given === 'string' && given !== '' ? given : undefined;
    const { task: type, params = {} } = body;
    if (typeof type !== 'string' || type === '') return { status: 400, body: { error: 'task is missing' } };
    const asked = { task: type, params };
    const earlier = key === undefined ? undefined : this.#byKey.get(key);
    if (earlier !== undefined) {
      if (!isDeepStrictEqual(earlier.asked, asked))
        return { status: 422, body: { error: 'this Idempotency-Key was used for another task' } };
      if (this.#busy > 0) {
        this.#busy -= 1;
        return { status: 409, body: { error: 'a request with this Idempotency-Key is under way' } };
      }
      return { status: 201, body: shown(earlier), headers: { 'idempotent-replayed': 'true' } };
    }
    const task: Task = { id: `task-${this.#byId.size + 1}`, asked, states: this.#states, looks: 0 };
    this.#byId.set(task.id, task);
    if (key !== undefined) this.#byKey.set(key, task);
    effect(key ?? null, { id: task.id, task: type, params });
    return { status: 201, body: shown(task), headers: { location: `/tasks/${task.id}`, ...this.#wait() } };
  }

  #get(id: string): SandboxAnswer {
    const task = this.#byId.get(id);
    if (task === undefined) return { status: 404, body: { error: 'no such task' } };
    task.looks += 1;
    return { status: 200, body: shown(task), headers: this.#wait() };
  }

  #wait(): Readonly<Record<string, string>> {
    return this.#retryAfterSeconds === undefined ? {} : { 'retry-after': String(this.#retryAfterSeconds) };
  }
}

/** The SRE API, and PUT /things/… for any HTTP API. Routes of faults: tasks.submit, tasks.get, things.put. */
export const startSre = (onEffect?: (name: string, effect: Effect) => void): Promise<StandIn> => startStandIn('sre', new Sre(), onEffect);
