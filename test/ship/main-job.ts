import { readFileSync } from 'node:fs';
import { expect } from '@jest/globals';
import { type SandboxUrls, until } from '#test/support/processes.js';

export const ROOT = new URL('../../', import.meta.url).pathname;

/** The mapping that the main job runs by. */
export const MAC = JSON.parse(readFileSync(`${ROOT}mappings/mac-cluster.json`, 'utf8')) as unknown;

interface Detail {
  readonly state: string;
  readonly branches: readonly { readonly steps: readonly { readonly id: string; readonly state: string }[] }[];
}

interface State {
  readonly effects: readonly { readonly route: string }[];
  readonly byKey: Readonly<Record<string, number>>;
}

/** A recorded alert of a failing cluster goes in; told, ticketed, bounced and noted once must come out, and the resolved must end well. */
export async function passesTheMainJob(url: string, sandbox: SandboxUrls): Promise<void> {
  const bodies = readFileSync(`${ROOT}test/fixtures/demo/mac-cluster.jsonl`, 'utf8')
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { body: string }).body);
  const details: Detail[] = [];
  for (const body of bodies.slice(0, 2)) {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`${url}/ingest/alertmanager`, { method: 'POST', headers, body });
    expect(response.status).toBe(202);
    const { events } = (await response.json()) as { events: { id: string }[] };
    details.push(
      await until('the event to end', async () => {
        const detail = (await (await fetch(`${url}/api/v1/events/${events[0]?.id}`)).json()) as Detail;
        return ['done', 'failed', 'parked', 'ambiguous'].includes(detail.state) ? detail : undefined;
      }),
    );
  }
  expect(details.map(({ state }) => state)).toEqual(['done', 'done']);
  expect(details[0]?.branches[0]?.steps.map(({ id, state }) => `${id} ${state}`)).toEqual([
    'tell done',
    'ticket done',
    'bounce done',
    'note done',
  ]);
  const read = async (base: string): Promise<State> => (await (await fetch(new URL('/__sandbox/state', base))).json()) as State;
  const states = await Promise.all([read(sandbox.slack), read(sandbox.jira), read(sandbox.sre)]);
  const count = (route: string): number => states.flatMap(({ effects }) => effects).filter((effect) => effect.route === route).length;
  expect({ issues: count('issue.create'), tasks: count('tasks.submit') }).toEqual({ issues: 1, tasks: 1 });
  expect(states.flatMap(({ byKey }) => Object.values(byKey)).filter((times) => times > 1)).toEqual([]);
}
