import { type Answer, type Effect, type Handler, type StandIn, startStandIn } from './server.js';

interface Task {
  id: string;
  task: string;
  reads: number;
}

/** Stands in for the SRE API: POST /tasks honours Idempotency-Key, GET /tasks/{id} advances submitted → running → done. */
export async function startSre(onEffect?: (effect: Effect) => void, port = 0): Promise<StandIn> {
  const tasks = new Map<string, Task>();
  const byKey = new Map<string, Task>();
  const handler: Handler = {
    route: ({ method, path }) => (path.startsWith('/tasks') ? (method === 'POST' ? 'tasks' : 'get-task') : path),
    handle({ method, path, headers, body }, effect): Answer {
      if (path === '/tasks' && method === 'POST') {
        const key = String(headers['idempotency-key'] ?? '');
        const known = byKey.get(key);
        if (known !== undefined && key !== '') return { body: { id: known.id, state: 'submitted' } };
        const task: Task = { id: `task-${tasks.size + 1}`, task: String(body.task), reads: 0 };
        tasks.set(task.id, task);
        byKey.set(key, task);
        effect('task', key, `${task.id}: ${task.task} ${JSON.stringify(body.params ?? {})}`);
        return { status: 201, body: { id: task.id, state: 'submitted' } };
      }
      const task = tasks.get(path.replace('/tasks/', ''));
      if (task === undefined) return { status: 404, body: { error: 'not found' } };
      task.reads += 1;
      return { body: { id: task.id, state: task.reads > 2 ? 'done' : task.reads > 1 ? 'running' : 'submitted' } };
    },
  };
  return startStandIn(handler, onEffect, port);
}
