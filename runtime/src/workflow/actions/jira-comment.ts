import { z } from 'zod';
import type { Action, ActionContext } from '../action.js';
import { ActionError } from '../action.js';
import type { JiraClient } from './jira-client.js';
import { issueRef, keyOfIssue } from './jira-ref.js';
import { adf, wiki } from './jira-text.js';

const input = z.object({ issue: issueRef, text: z.string().min(1).describe('Escaped, cut at 32,767 characters.') });
const output = z.object({ id: z.string() });

const SETTLE_MS = 1_000;
const PAGE_COMMENTS = 100;
/** Jira Cloud keeps at most 5,000 comments of an issue. */
const MAX_PAGES = 60;

/** Jira's clock and ours may differ by this much. */
const LOOK_BACK_MS = 300_000;

const markOf = (key: string): string => `[sre:${key.slice(0, 12)}]`;

/** The last text of a comment: in a document that of its last paragraph. Only there is our mark; before it anything may stand. */
function lastText(body: unknown): string {
  if (typeof body === 'string') return body.trimEnd();
  const { text, content } = (body ?? {}) as { text?: unknown; content?: unknown };
  if (typeof text === 'string') return text.trimEnd();
  return Array.isArray(content) ? lastText(content.at(-1)) : '';
}

interface Page {
  readonly comments?: readonly { readonly id: string | number; readonly body?: unknown; readonly created?: string }[];
  readonly total?: number;
}

export const jiraComment: Action<z.infer<typeof input>, z.infer<typeof output>, JiraClient> = {
  name: 'jira.comment',
  kind: 'jira',
  summary: 'Comments on an issue.',
  delivery: "Once. The comment ends in a mark made of the step key; after a lost answer the issue's comments since then are read for it.",
  input,
  output,
  settlement: () => ({ by: 'probe', settleMs: SETTLE_MS }),
  async run({ issue, text }, { client, key, signal }: ActionContext<JiraClient>) {
    const body = client.version === 3 ? adf(text, markOf(key)) : wiki(text, markOf(key));
    const made = output.safeParse(
      await client.send({ method: 'POST', path: `/issue/${keyOfIssue(issue)}/comment`, data: { body }, signal }),
    );
    if (!made.success) throw new ActionError('unknown', 'malformed-answer', 'Jira: the answer has no comment id.');
    return made.data;
  },
  async probe({ issue }, { client, key, signal, firstIntentMs }) {
    const path = `/issue/${keyOfIssue(issue)}/comment`;
    const sinceMs = firstIntentMs - LOOK_BACK_MS;
    for (let page = 0; page < MAX_PAGES; page += 1) {
      const params = { orderBy: '-created', startAt: page * PAGE_COMMENTS, maxResults: PAGE_COMMENTS };
      const { comments, total } = (await client.send<Page>({ method: 'GET', path, params, signal })) ?? {};
      if (!Array.isArray(comments)) throw new ActionError('known', 'malformed-answer', 'Jira: the answer has no list of comments.');
      const found = comments.find(({ body }) => lastText(body).endsWith(markOf(key)));
      if (found !== undefined) return { id: String(found.id) };
      const newestMs = Date.parse(comments[0]?.created ?? '');
      const oldestMs = Date.parse(comments.at(-1)?.created ?? '');
      // Older ones follow only where the order was taken as asked.
      const isPast = newestMs > oldestMs && oldestMs < sinceMs;
      if (comments.length === 0 || isPast || page * PAGE_COMMENTS + comments.length >= (total ?? 0)) return undefined;
    }
    throw new ActionError('known', 'too-many-comments', `More than ${MAX_PAGES * PAGE_COMMENTS} comments; look by hand.`, {
      retryable: false,
    });
  },
};
