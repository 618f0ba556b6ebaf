import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from '@jest/globals';
import { Processes, type SandboxUrls, until } from '#test/support/processes.js';

const ROOT = new URL('../../', import.meta.url).pathname;
const DEMO = `${ROOT}test/fixtures/demo/`;

/** The MAC cluster's mapping as shipped, but that a refused bounce waits for a person. */
export const MAC = JSON.parse(
  readFileSync(`${ROOT}mappings/mac-cluster.json`, 'utf8').replace('"use": "sre.task",', '"use": "sre.task", "onError": "park",'),
) as unknown;

/** Bodies that a real Alertmanager sent. */
export function recorded(scene: string): string[] {
  return readFileSync(`${DEMO}${scene}.jsonl`, 'utf8')
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { body: string }).body);
}

interface Detail {
  id: string;
  state: string;
  meaning: string;
  branches: { steps: { id: string; state: string; out?: { channel?: string; ts?: string; key?: string } }[] }[];
}

async function post(url: string, body: string): Promise<string[]> {
  const response = await fetch(`${url}/ingest/alertmanager`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  expect(response.status).toBe(202);
  return ((await response.json()) as { events: { id: string }[] }).events.map(({ id }) => id);
}

const ended = (url: string, id: string): Promise<Detail> =>
  until(`event ${id} to end`, async () => {
    const response = await fetch(`${url}/api/v1/events/${id}`);
    if (!response.ok) return undefined;
    const detail = (await response.json()) as Detail;
    return ['done', 'failed', 'repeat', 'unrouted'].includes(detail.state) ? detail : undefined;
  });

export async function effectsOf(sandbox: SandboxUrls): Promise<{ roots: number; issues: number; tasks: number; doubled: number }> {
  const read = async (url: string): Promise<{ effects: { route: string }[]; byKey: Record<string, number> }> =>
    (await (await fetch(new URL('/__sandbox/state', url))).json()) as never;
  const [slack, jira, sre] = await Promise.all([read(sandbox.slack), read(sandbox.jira), read(sandbox.sre)]);
  const doubled = [slack, jira, sre].flatMap(({ byKey }) => Object.values(byKey)).filter((count) => count > 1).length;
  const count = (effects: { route: string }[], route: string): number => effects.filter((effect) => effect.route === route).length;
  return {
    roots: count(slack.effects, 'chat.postMessage'),
    issues: count(jira.effects, 'issue.create'),
    tasks: count(sre.effects, 'tasks.submit'),
    doubled,
  };
}

/** A router as one process or several, with stand-ins for its targets; not started yet. */
export interface Deployment {
  readonly sandbox: SandboxUrls;
  /** Where events are posted, and where questions are asked. */
  readonly ingest: string;
  readonly api: string;
  start(): Promise<void>;
  /** As by power loss. */
  kill(): Promise<void>;
  /** Resolves with the exit codes. */
  stop(): Promise<readonly (number | null)[]>;
}

/** The main job, whatever it runs on: what a real Alertmanager sends is told, ticketed, bounced and resolved, once, through kill -9. */
export function testMainJob(name: string, deploy: (processes: Processes) => Promise<Deployment>): void {
  describe(`${name} does the main job`, () => {
    const opened: Processes[] = [];
    afterEach(async () => {
      await Promise.all(opened.splice(0).map((processes) => processes.close()));
    });
    const open = async (): Promise<Deployment> => {
      const processes = new Processes();
      opened.push(processes);
      return deploy(processes);
    };

    test('a firing cluster is told, ticketed and bounced once, and its resolved goes to the same message', async () => {
      const router = await open();
      const [firing, resolved] = recorded('mac-cluster') as [string, string];
      await router.start();
      const opening = await ended(router.api, (await post(router.ingest, firing))[0] as string);
      expect(opening).toMatchObject({ state: 'done', meaning: 'opens' });
      expect(opening.branches[0]?.steps.map(({ id, state }) => `${id} ${state}`)).toEqual([
        'tell done',
        'ticket done',
        'bounce done',
        'note done',
      ]);
      expect(await ended(router.api, (await post(router.ingest, firing))[0] as string)).toMatchObject({
        state: 'repeat',
        meaning: 'repeat',
      });
      const closing = await ended(router.api, (await post(router.ingest, resolved))[0] as string);
      expect(closing).toMatchObject({ state: 'done', meaning: 'closes' });
      const told = opening.branches[0]?.steps[0]?.out;
      expect(closing.branches[0]?.steps[0]?.out).toMatchObject({ channel: told?.channel, ts: told?.ts });
      expect(await effectsOf(router.sandbox)).toMatchObject({ issues: 1, tasks: 1, doubled: 0 });
      for (const code of await router.stop()) expect(code).toBe(0);
    });

    test('the incident outlives kill -9: a resolved that comes to the next process finds the message of the last', async () => {
      const router = await open();
      const [firing, resolved] = recorded('mac-cluster') as [string, string];
      await router.start();
      const opening = await ended(router.api, (await post(router.ingest, firing))[0] as string);
      await router.kill();
      await router.start();
      const closing = await ended(router.api, (await post(router.ingest, resolved))[0] as string);
      expect(closing.branches[0]?.steps[0]?.out?.ts).toBe(opening.branches[0]?.steps[0]?.out?.ts);
      expect(await effectsOf(router.sandbox)).toMatchObject({ issues: 1, tasks: 1, doubled: 0 });
    });

    test('while Jira is down the message is out, the ticket waits across kill -9, and it is filed once when Jira is back', async () => {
      const router = await open();
      await fault(router.sandbox.jira, { route: '*', fault: '500-after', times: 1 });
      await router.start();
      const [id = ''] = await post(router.ingest, recorded('jira-outage')[0] as string);
      await until('the ticket to be unsettled', async () => ((await detailOf(router.api, id)).state === 'waiting' ? true : undefined));
      await router.kill();
      await router.start();
      expect(await ended(router.api, id)).toMatchObject({ state: 'done' });
      expect(await effectsOf(router.sandbox)).toMatchObject({ issues: 1, tasks: 1, doubled: 0 });
    });

    test('a person settles what needs one: the command goes to whoever owns the run, and is taken once', async () => {
      const router = await open();
      await fault(router.sandbox.sre, { route: 'tasks.submit', fault: '400', times: 1 });
      await router.start();
      const [id = ''] = await post(router.ingest, recorded('jira-outage')[0] as string);
      await until('the run to ask for a person', async () => ((await detailOf(router.api, id)).state === 'parked' ? true : undefined));
      const answer = await fetch(`${router.api}/api/v1/events/${id}/retry`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ reason: 'the cluster may be bounced now' }),
      });
      expect(answer.status).toBe(202);
      expect(await ended(router.api, id)).toMatchObject({ state: 'done' });
      expect(await effectsOf(router.sandbox)).toMatchObject({ issues: 1, tasks: 1, doubled: 0 });
    });
  });
}

const detailOf = async (url: string, id: string): Promise<Detail> => (await (await fetch(`${url}/api/v1/events/${id}`)).json()) as Detail;

async function fault(target: string, body: object): Promise<void> {
  const response = await fetch(new URL('/__sandbox/faults', target), {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(response.ok).toBe(true);
}
