import type { Json } from '#runtime/event/event.js';
import type { ActionCase } from '#test/contract/action-case.js';
import type { World } from './world.js';

const TEXT = 'payload-canary is down';

const posted = async (world: World): Promise<{ [name: string]: Json }> =>
  (await world.must('slack.message', { channel: '#sre', text: 'first' }, 'prepared')) as { [name: string]: Json };

const issue = async (world: World): Promise<string> =>
  ((await world.must('jira.issue', { project: 'SRE', summary: 'first' }, 'prepared')) as { key: string }).key;

/** One entry for each way in which an action may be used. The suite fails for an action without one. */
export const CASES: readonly ActionCase[] = [
  {
    name: 'slack.message by name',
    action: 'slack.message',
    kind: 'slack',
    routes: ['chat.postMessage'],
    prepare: async () => ({ channel: '#sre', text: TEXT }),
  },
  {
    name: 'slack.message by id',
    action: 'slack.message',
    kind: 'slack',
    routes: ['chat.postMessage'],
    prepare: async (world) => ({ channel: (await posted(world)).channel as string, text: TEXT }),
  },
  {
    name: 'slack.reply',
    action: 'slack.reply',
    kind: 'slack',
    routes: ['chat.postMessage'],
    prepare: async (world) => ({ to: await posted(world), text: TEXT }),
  },
  {
    name: 'slack.update',
    action: 'slack.update',
    kind: 'slack',
    routes: ['chat.update'],
    prepare: async (world) => ({ to: await posted(world), text: TEXT }),
  },
  {
    name: 'slack.digest, the first time',
    action: 'slack.digest',
    kind: 'slack',
    routes: ['chat.postMessage'],
    prepare: async () => ({ channel: '#sre', count: 2, rows: [TEXT, 'two'], version: 2 }),
  },
  {
    name: 'slack.digest, later',
    action: 'slack.digest',
    kind: 'slack',
    routes: ['chat.update'],
    prepare: async (world) => ({ channel: '#sre', count: 3, rows: [TEXT, 'two', 'three'], version: 3, to: await posted(world) }),
  },
  {
    name: 'jira.issue on Cloud',
    action: 'jira.issue',
    kind: 'jira',
    routes: ['issue.create'],
    prepare: async () => ({ project: 'SRE', summary: TEXT, description: TEXT, labels: ['mac'] }),
  },
  {
    name: 'jira.issue on Data Center',
    action: 'jira.issue',
    kind: 'jira',
    settings: { version: 2, auth: 'bearer' },
    routes: ['issue.create'],
    prepare: async () => ({ project: 'SRE', summary: TEXT, description: TEXT }),
  },
  {
    name: 'jira.comment on Cloud',
    action: 'jira.comment',
    kind: 'jira',
    routes: ['comment.create'],
    prepare: async (world) => ({ issue: await issue(world), text: TEXT }),
  },
  {
    name: 'jira.comment on Data Center',
    action: 'jira.comment',
    kind: 'jira',
    settings: { version: 2, auth: 'bearer' },
    routes: ['comment.create'],
    prepare: async (world) => ({ issue: await issue(world), text: TEXT }),
  },
  {
    name: 'jira.transition',
    action: 'jira.transition',
    kind: 'jira',
    routes: ['issue.get', 'transition.list', 'transition'],
    prepare: async (world) => ({ issue: await issue(world), to: 'Done' }),
  },
  {
    name: 'sre.task with an idempotency key',
    action: 'sre.task',
    kind: 'sre',
    routes: ['tasks.submit'],
    prepare: async () => ({ task: 'bounce', params: { cluster: TEXT } }),
  },
  {
    name: 'sre.task that waits',
    action: 'sre.task',
    kind: 'sre',
    routes: ['tasks.submit'],
    prepare: async () => ({ task: 'bounce', params: { cluster: TEXT }, wait: true }),
  },
  {
    name: 'sre.task without an idempotency key',
    action: 'sre.task',
    kind: 'sre',
    settings: { idempotency: undefined },
    routes: ['tasks.submit'],
    prepare: async () => ({ task: 'bounce', params: {} }),
  },
  {
    name: 'http.request GET',
    action: 'http.request',
    kind: 'http',
    routes: ['tasks.get'],
    isSafe: true,
    prepare: async (world) => {
      const body = { task: 'bounce' };
      const { body: task } = (await world.must('http.request', { method: 'POST', path: '/tasks', body }, 'prepared')) as {
        body: { id: string };
      };
      return { method: 'GET', path: `/tasks/${task.id}` };
    },
  },
  {
    name: 'http.request PUT',
    action: 'http.request',
    kind: 'http',
    settings: { idempotency: undefined },
    routes: ['things.put'],
    prepare: async () => ({ method: 'PUT', path: '/things/7', body: { text: TEXT } }),
  },
  {
    name: 'http.request POST with an idempotency key',
    action: 'http.request',
    kind: 'http',
    routes: ['tasks.submit'],
    prepare: async () => ({ method: 'POST', path: '/tasks', body: { task: 'bounce', params: { cluster: TEXT } } }),
  },
  {
    name: 'http.request POST without an idempotency key',
    action: 'http.request',
    kind: 'http',
    settings: { idempotency: undefined },
    routes: ['tasks.submit'],
    prepare: async () => ({ method: 'POST', path: '/tasks', body: { task: 'bounce' } }),
  },
];
