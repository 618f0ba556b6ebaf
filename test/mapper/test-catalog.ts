import { z } from 'zod';
import type { ActionCatalog, ActionKnowledge } from '#runtime/mapper/catalog.js';

const text = z.string().min(1);
const message = z.strictObject({ channel: text, ts: text, permalink: text.optional() });
const reply = z.strictObject({ channel: text, ts: text, thread_ts: text });
const thread = z.union([message, reply]);
const issue = z.strictObject({ id: text, key: text, url: text });
const json = z.record(z.string(), z.json());

const ACTIONS: Readonly<Record<string, Omit<ActionKnowledge, 'kind'>>> = {
  'slack.message': { input: z.strictObject({ channel: text, text, blocks: z.array(json).optional() }), output: message },
  'slack.reply': { input: z.strictObject({ to: thread, text }), output: reply },
  'slack.update': { input: z.strictObject({ to: thread, text }), output: z.strictObject({ channel: text, ts: text }) },
  'jira.issue': {
    input: z.strictObject({
      project: text,
      issueType: text.default('Task'),
      summary: text,
      description: text.optional(),
      labels: z.array(z.string()).optional(),
      priority: text.optional(),
      fields: json.optional(),
    }),
    output: issue,
  },
  'jira.comment': { input: z.strictObject({ issue: z.union([issue, text]), text }), output: z.strictObject({ id: text }) },
  'sre.task': {
    input: z.strictObject({ task: text, params: json, wait: z.boolean().optional() }),
    output: z.strictObject({ id: text, state: text }),
  },
  'http.request': {
    input: z.strictObject({
      method: z.enum(['GET', 'POST', 'PUT', 'DELETE']),
      path: text,
      headers: z.record(z.string(), z.string()).optional(),
      body: z.json().optional(),
    }),
    output: z.strictObject({ status: z.int(), headers: z.record(z.string(), z.string()), body: z.json() }),
  },
};

const alert = z.looseObject({ labels: z.record(z.string(), z.string()), annotations: z.record(z.string(), z.string()) });
const strictAlert = z.strictObject({
  labels: z.record(z.string(), z.string()),
  annotations: z.record(z.string(), z.string()),
  count: z.int().optional(),
  ratio: z.number().optional(),
  items: z.array(z.strictObject({ size: z.int() })).optional(),
});

/** What check and compile know in tests. `strict.alert` has no field but the named ones. */
export const testCatalog: ActionCatalog = {
  get(name) {
    const kind = name.split('.')[0] ?? '';
    const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
    return action === undefined ? undefined : { ...action, kind, defaultDestination: kind === 'http' ? undefined : kind };
  },
  names: Object.keys(ACTIONS),
  destinations: new Set(['slack', 'jira', 'sre', 'pager']),
  dataSchema: (type) => ({ 'alertmanager.alert': alert, 'strict.alert': strictAlert })[type],
};
