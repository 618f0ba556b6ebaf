import { z } from 'zod';
import type { Json } from '../../event/event.js';
import type { Action, ActionContext } from '../action.js';
import { ActionError, Ongoing } from '../action.js';
import { retryAfterMs } from '../classify.js';
import { type HttpAnswer, keySettlement, sendOnce } from './http-client.js';
import { fieldAt, type SreClient, statusPathOf } from './sre-client.js';

const input = z.object({
  task: z.string().min(1).describe('Task type, e.g. bounce-mac-cluster.'),
  params: z.record(z.string(), z.json()).default({}).describe('Handed to the task as they are.'),
  wait: z
    .boolean()
    .default(false)
    .describe('Done only when the task is: it is submitted once, then asked about until it is over, for retry.maxAge at most.'),
});
const output = z.object({ id: z.string(), state: z.string() });
type Output = z.infer<typeof output>;
const memo = z.object({ id: z.string() });

const MAX_ID_CHARACTERS = 200;
const MAX_STATE_CHARACTERS = 64;

/** A task just submitted may not be found at once. */
const YOUNG_MS = 60_000;

/** What an answer says of a task; undefined when it names none. The state may be absent right after submission. */
function taskIn(body: Json, { shape }: SreClient): { id: string; state: string } | undefined {
  const id = fieldAt(body, shape.id);
  if ((typeof id !== 'string' && typeof id !== 'number') || String(id) === '' || String(id).length > MAX_ID_CHARACTERS) return undefined;
  const state = fieldAt(body, shape.state);
  return { id: String(id), state: typeof state === 'string' && state !== '' ? state.slice(0, MAX_STATE_CHARACTERS) : 'submitted' };
}

/** Its output when it is over; else when to look again. Throws when it ended badly. */
function standing({ id, state }: Output, answer: HttpAnswer, client: SreClient): Output | Ongoing {
  const plain = state.toLowerCase();
  if (client.states.failed.has(plain)) throw new ActionError('known', 'task-failed', `Task ${id} ended as ${state}.`, { retryable: false });
  if (client.states.done.has(plain)) return { id, state };
  const wait = retryAfterMs(answer.headers['retry-after'], Date.parse(answer.headers.date ?? '') || client.nowMs());
  return new Ongoing({ id }, Math.max(wait ?? 0, client.pollMs), `Task ${id} is ${state}.`);
}

export const sreTask: Action<z.output<typeof input>, Output, SreClient> = {
  name: 'sre.task',
  kind: 'sre',
  summary: 'Submits a task to the SRE API, and waits for its end if asked to.',
  delivery:
    'Submitted once, where the destination names an idempotency header: after a lost answer it is sent again with the same key. Without one a person decides. With wait: true the id of the task is journaled as soon as it is known, and from then on the task is only asked about, through any restart. A task that ended badly fails the step, and is not submitted again.',
  input: input as unknown as z.ZodType<z.output<typeof input>>,
  output,
  settlement: ({ idempotency }) =>
    keySettlement(idempotency, 'The SRE API has no idempotency header configured, so the task cannot be submitted again safely.'),
  async run({ task, params, wait }, { client, key, signal, attempt }: ActionContext<SreClient>) {
    const { shape, submitPath } = client;
    const body = { [shape.task]: task, [shape.params]: params };
    const answer = await sendOnce(client, { method: 'POST', path: submitPath, body, signal }, key, attempt);
    const submitted = taskIn(answer.body, client);
    if (submitted === undefined) throw new ActionError('unknown', 'malformed-answer', `POST ${submitPath}: the answer has no ${shape.id}.`);
    return wait ? standing(submitted, answer, client) : submitted;
  },
  async follow(noted, _input, { client, signal, firstIntentMs }) {
    const { id } = memo.parse(noted);
    let answer: HttpAnswer;
    try {
      answer = await client.send({ method: 'GET', path: statusPathOf(client, id), signal });
    } catch (error) {
      if (!(error instanceof ActionError) || error.status === undefined || error.retryable) throw error;
      const isGone = error.status === 404 || error.status === 410;
      if (isGone && client.nowMs() - firstIntentMs > YOUNG_MS)
        throw new ActionError('known', 'task-gone', `The SRE API no longer knows task ${id}.`, { retryable: false, cause: error });
      // A refusal to answer (a token being replaced) says nothing of the task.
      throw new ActionError('known', error.reason, error.message, { status: error.status, cause: error });
    }
    const found = taskIn(answer.body, client);
    if (found === undefined)
      throw new ActionError('known', 'malformed-answer', `GET ${client.statusPath}: the answer has no ${client.shape.id}.`);
    return standing({ id, state: found.state }, answer, client);
  },
};
