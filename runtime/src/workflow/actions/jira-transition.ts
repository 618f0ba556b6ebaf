import { z } from 'zod';
import type { Action, ActionContext } from '../action.js';
import { ActionError } from '../action.js';
import type { JiraClient } from './jira-client.js';
import { issueRef, keyOfIssue } from './jira-ref.js';

const input = z.object({ issue: issueRef, to: z.string().min(1).describe('Name of the target status, or of the transition.') });
const output = z.object({ status: z.string() });

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
    const now = await client.send<{ fields?: { status?: { name?: string } } }>({
      method: 'GET',
      path,
      params: { fields: 'status' },
      signal,
    });
    const status = now?.fields?.status?.name;
    if (status !== undefined && same(status, to)) return { status };
    const { transitions = [] } = await client.send<{ transitions?: { id: string; name?: string; to?: { name?: string } }[] }>({
      method: 'GET',
      path: `${path}/transitions`,
      signal,
    });
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
