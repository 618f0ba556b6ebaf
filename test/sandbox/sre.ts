import { isDeepStrictEqual } from 'node:util';
import { type Effect, type Handler, type SandboxAnswer, type SandboxRequest, type StandIn, startStandIn } from './server.js';

const NEXT: Readonly<Record<string, string>> = { submitted: 'running', running: 'done', done: 'done' };

interface Task {
  readonly id: string;
  readonly asked: unknown;
  state: string;
}

const shown = ({ id, state }: Task): Readonly<Record<string, unknown>> => ({ id, state });

class Sre implements Handler {
  readonly #byId = new Map<string, Task>();
  readonly #byKey = new Map<string, Task>();

  route({ method, path }: SandboxRequest): string {
    if (method === 'POST' && path === '/tasks') return 'tasks.submit';
    return method === 'GET' && /^\/tasks\/[^/]+$/.test(path) ? 'tasks.get' : `${method} ${path}`;
  }

  handle(request: SandboxRequest, effect: (key: string | null, detail: Readonly<Record<string, unknown>>) => void): SandboxAnswer {
    switch (this.route(request)) {
      case 'tasks.submit':
        return this.#submit(request, effect);
      case 'tasks.get':
        return this.#get(request.path.slice('/tasks/'.length));
      default:
        return { status: 404, body: { error: 'no such route' } };
    }
  }

  #submit(
    { headers, body }: SandboxRequest,
    effect: (key: string | null, detail: Readonly<Record<string, unknown>>) => void,
  ): SandboxAnswer {
    const given = headers['idempotency-key'];
    const key = typeof given === 'string' && given !== '' ? given : undefined;
    const { task: type, params = {} } = body;
    if (typeof type !== 'string' || type === '') return { status: 400, body: { error: 'task is missing' } };
    const asked = { task: type, params };
    const earlier = key === undefined ? undefined : this.#byKey.get(key);
    if (earlier !== undefined) {
      if (!isDeepStrictEqual(earlier.asked, asked))
        return { status: 422, body: { error: 'this Idempotency-Key was used for another task' } };
      return { status: 201, body: shown(earlier), headers: { 'idempotent-replayed': 'true' } };
    }
    const task: Task = { id: `task-${this.#byId.size + 1}`, asked, state: 'submitted' };
    this.#byId.set(task.id, task);
    if (key !== undefined) this.#byKey.set(key, task);
    effect(key ?? null, { id: task.id, task: type, params });
    return { status: 201, body: shown(task), headers: { location: `/tasks/${task.id}` } };
  }

  /** Each look moves the task on: running, then done. */
  #get(id: string): SandboxAnswer {
    const task = this.#byId.get(id);
    if (task === undefined) return { status: 404, body: { error: 'no such task' } };
    task.state = NEXT[task.state] ?? task.state;
    return { status: 200, body: shown(task) };
  }
}

/** The SRE API. Routes of faults: tasks.submit, tasks.get. */
export const startSre = (onEffect?: (name: string, effect: Effect) => void): Promise<StandIn> => startStandIn('sre', new Sre(), onEffect);
