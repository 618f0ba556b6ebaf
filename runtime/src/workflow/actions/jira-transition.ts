import { z } from 'zod';
import type { Action, ActionContext } from '../action.js';
import { ActionError } from '../action.js';
import type { JiraClient } from './jira-client.js';
import { issueRef, keyOfIssue } from './jira-ref.js';

const input = z.object({ issue: issueRef, to: z.string().min(1).describe('Name of the target status, or of the transition.') });
const output = z.object({ status: z.string() });

const statusShape = z.object({ fields: z.object({ status: z.object({ name: z.string() }) }) });
const transitionsShape = z.object({
  transitions: z.array(z.object({ id: z.string(), name: z.string().optional(), to: z.object({ name: z.string().optional() }).optional() })),
});

const same = (a: string | undefined, b: string): boolean => a?.toLowerCase() === b.toLowerCase();

export const jiraTransition: Action<z.infer<typeof input>, z.infer<typeof output>, JiraClient> = {
  name: 'jira.transition',
  kind: 'jira',
  summary: 'Moves an issue to a status.',
  delivery: 'Idempotent: the status is read first, and an issue that is there already is left alone.',
  input,
  output,
  settlement: () => ({ by: 'resend' }),
  async run({ issue, to }, { client, signal }: ActionContext<JiraClient>) {
    const path = `/issue/${keyOfIssue(issue)}`;
    const now = statusShape.safeParse(await client.send({ method: 'GET', path, params: { fields: 'status' }, signal }));
    const status = now.data?.fields.status.name;
    if (status !== undefined && same(status, to)) return { status };
    const listed = transitionsShape.safeParse(await client.send({ method: 'GET', path: `${path}/transitions`, signal }));
    if (!listed.success)
      throw new ActionError('known', 'malformed-answer', `GET ${path}/transitions: the answer is no list of transitions.`);
    const { transitions } = listed.data;
    const chosen =
      transitions.find((transition) => same(transition.to?.name, to)) ?? transitions.find((transition) => same(transition.name, to));
    if (chosen === undefined) {
      const names = transitions.map((transition) => transition.to?.name ?? transition.name).join(', ');
      throw new ActionError(
        'known',
        'no-such-transition',
        `From ${status ?? 'its status'} the issue cannot go to ${to}; possible: ${names || 'nothing'}.`,
        { retryable: false },
      );
    }
    await client.send({ method: 'POST', path: `${path}/transitions`, data: { transition: { id: chosen.id } }, signal });
    return { status: chosen.to?.name ?? to };
  },
};
