import { z } from 'zod';
import type { Action, ActionContext } from '../action.js';
import { ActionError } from '../action.js';
import type { SreClient } from './sre-client.js';

const input = z.object({
  task: z.string().min(1).describe('Task type, e.g. bounce-mac-cluster.'),
  params: z.record(z.string(), z.json()).default({}),
  wait: z.boolean().default(false).describe("Done only when the task is done: asked again with the step's retry until then."),
});
const output = z.object({ id: z.string(), state: z.string() });
const answer = z.looseObject({ id: z.union([z.string(), z.number()]).transform(String), state: z.string().default('submitted') });

const OVER = new Set(['done', 'succeeded', 'success', 'completed', 'failed', 'error', 'cancelled', 'canceled']);
const BAD = new Set(['failed', 'error', 'cancelled', 'canceled']);

function read(body: unknown, what: string, outcome: 'known' | 'unknown'): z.output<typeof answer> {
  const parsed = answer.safeParse(body);
  if (!parsed.success) throw new ActionError(outcome, 'malformed-answer', `${what}: the answer has no id.`);
  return parsed.data;
}

export const sreTask: Action<z.output<typeof input>, z.infer<typeof output>, SreClient> = {
  name: 'sre.task',
  kind: 'sre',
  summary: 'Submits a task to the SRE API.',
  delivery:
    'Once, where the destination names an idempotency header: sent again with the same key. Without one, a lost answer is ambiguous and a person decides.',
  input: input as unknown as z.ZodType<z.output<typeof input>>,
  output,
  settlement: ({ idempotency }) =>
    idempotency === undefined
      ? { by: 'person', why: 'The SRE API has no idempotency header configured, so the task cannot be submitted again safely.' }
      : { by: 'resend', forMs: idempotency.keepForMs },
  async run({ task, params, wait }, context: ActionContext<SreClient>) {
    const { client, key, signal } = context;
    if (wait && client.idempotency === undefined) {
      throw new ActionError(
        'known',
        'wait-needs-idempotency',
        'wait: true asks again by submitting under the same key; configure idempotency on the destination.',
        { retryable: false },
      );
    }
    const headers = client.idempotency === undefined ? {} : { [client.idempotency.header]: key };
    const submitted = read(
      (await client.send({ method: 'POST', path: client.submitPath, body: { task, params }, headers, signal })).body,
      `POST ${client.submitPath}`,
      'unknown',
    );
    if (!wait) return { id: submitted.id, state: submitted.state };
    const path = client.statusPath.replace('{id}', encodeURIComponent(submitted.id));
    let state: string;
    try {
      state = read((await client.send({ method: 'GET', path, signal })).body, `GET ${path}`, 'known').state.toLowerCase();
    } catch (error) {
      // The task is there; only its state could not be read. The same submission, under the same key, finds it again.
      throw new ActionError('unknown', 'state-unread', `Task ${submitted.id} was submitted; its state could not be read.`, {
        cause: error,
      });
    }
    if (BAD.has(state)) throw new ActionError('known', `task-${state}`, `Task ${submitted.id} ended as ${state}.`, { retryable: false });
    if (!OVER.has(state)) throw new ActionError('unknown', 'task-running', `Task ${submitted.id} is ${state}.`);
    return { id: submitted.id, state };
  },
};
