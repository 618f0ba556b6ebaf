import { z } from 'zod';
import type { Action, ActionContext } from '../action.js';
import { ActionError } from '../action.js';
import type { JiraClient } from './jira-client.js';
import { adf, labelOf, labelTexts, summaryText, wiki } from './jira-text.js';

const input = z.object({
  project: z.string().min(1).describe('Project key.'),
  issueType: z.string().min(1).default('Task').describe('Name of the issue type.'),
  summary: z.string().min(1).describe('Made one line, cut at 255 characters.'),
  description: z.string().optional().describe('Escaped, cut at 32,767 characters.'),
  labels: z.array(z.string()).optional().describe('Spaces become _; empty ones are left out.'),
  priority: z.string().optional().describe('Name of the priority.'),
  fields: z.record(z.string(), z.json()).optional().describe('Further fields by id, as Jira takes them.'),
});
const output = z.object({ id: z.string(), key: z.string(), url: z.string() });
type Output = z.infer<typeof output>;

const MAX_PAGES = 5;
const issue = z.object({ id: z.string(), key: z.string() });

function asOutput(found: unknown, client: JiraClient, outcome: 'known' | 'unknown'): Output {
  const parsed = issue.safeParse(found);
  if (!parsed.success) throw new ActionError(outcome, 'malformed-answer', 'Jira: the answer has no issue id and key.');
  return { ...parsed.data, url: `${client.baseUrl}/browse/${parsed.data.key}` };
}

export const jiraIssue: Action<z.output<typeof input>, Output, JiraClient> = {
  name: 'jira.issue',
  kind: 'jira',
  summary: 'Creates an issue.',
  delivery:
    "Once. The issue carries a label made of the step key; after a lost answer it is searched for, not sooner than the destination's settle, before another is created. Jira's search may lag: choose settle longer than its worst lag.",
  input: input as unknown as z.ZodType<z.output<typeof input>>,
  output,
  settlement: ({ settleMs }) => ({ by: 'probe', settleMs }),
  async run({ project, issueType, summary, description, labels, priority, fields }, { client, key, signal }: ActionContext<JiraClient>) {
    const data = {
      fields: {
        ...fields,
        project: { key: project },
        issuetype: { name: issueType },
        summary: summaryText(summary),
        labels: [...labelTexts(labels ?? []), labelOf(key)],
        ...(description === undefined ? {} : { description: client.version === 3 ? adf(description) : wiki(description) }),
        ...(priority === undefined ? {} : { priority: { name: priority } }),
      },
    };
    return asOutput(await client.send({ method: 'POST', path: '/issue', data, signal }), client, 'unknown');
  },
  async probe(_input, { client, key, signal }) {
    const path = client.version === 3 ? '/search/jql' : '/search';
    let token: string | undefined;
    for (let page = 0; page < MAX_PAGES; page += 1) {
      const next = token === undefined ? {} : { nextPageToken: token };
      const params = { jql: `labels = "${labelOf(key)}"`, maxResults: 2, fields: 'id,key', ...next };
      const found = await client.send<{ issues?: unknown[]; nextPageToken?: string }>({ method: 'GET', path, params, signal });
      if (!Array.isArray(found?.issues)) throw new ActionError('known', 'malformed-answer', 'Jira: the search answered no list of issues.');
      if (found.issues[0] !== undefined) return asOutput(found.issues[0], client, 'known');
      token = found.nextPageToken;
      // A page may be empty though more follow: it is filtered after it was cut.
      if (token === undefined) return undefined;
    }
    throw new ActionError('known', 'too-many-pages', `Jira: the search went on after ${MAX_PAGES} empty pages.`);
  },
};
