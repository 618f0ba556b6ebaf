import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { METRICS } from '#runtime/metrics.js';
import { HttpTarget } from '#test/support/http-target.js';
import { RunningRouter } from '#test/support/running-router.js';

const router = new RunningRouter();
const target = new HttpTarget();
const step = { id: 's', use: 'http.request', destination: 'target', with: { method: 'POST', path: '/x' } };

beforeAll(async () => {
  await target.start();
  await router.start({
    routes: {
      good: [{ name: 'good', actions: [step] }],
      bad: [{ name: 'bad', actions: [{ ...step, onError: 'park' }] }],
      odd: [{ name: 'odd', when: 'data.missing.field == 1', actions: [step] }],
    },
    destinations: { target: { kind: 'http', baseUrl: target.url } },
  });
  await router.send({ type: 'good', id: '1' });
  await router.send({ type: 'good', id: '1' });
  target.answer = () => ({ status: 400 });
  await router.send({ type: 'bad', id: '2' });
  await router.send({ type: 'odd', id: '3', data: {} });
  for (let n = 0; n < 20; n += 1) await router.send({ type: `stranger-${n}-secret-payload`, id: `s-${n}` });
  await router.ask('/what/ever');
});
afterAll(async () => {
  await router.close();
  await target.close();
});

/** name{labels} → value of every sample. */
async function samples(): Promise<Map<string, number>> {
  const { text } = await router.ask('/metrics');
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]));
}

test('received is outcomes plus unfinished, and the gauge that says so is 0', async () => {
  const found = await samples();
  const sum = (prefix: string): number => [...found].reduce((total, [name, value]) => total + (name.startsWith(prefix) ? value : 0), 0);
  expect(sum('sre_router_received_total')).toBe(24);
  expect(sum('sre_router_outcomes_total')).toBe(23);
  expect(sum('sre_router_unfinished')).toBe(1);
  expect(found.get('sre_router_unfinished{state="parked"}')).toBe(1);
  expect(found.get('sre_router_conservation')).toBe(0);
  expect(found.get('sre_router_oldest_unfinished_seconds')).toBeGreaterThanOrEqual(0);
});

test('what runs did can be read', async () => {
  const found = await samples();
  expect(found.get('sre_router_step_attempts_total{action="http.request",result="done"}')).toBe(1);
  expect(found.get('sre_router_step_attempts_total{action="http.request",result="parked"}')).toBe(1);
  expect(found.get('sre_router_when_errors_total{route="odd"}')).toBe(1);
  expect(found.get('sre_router_outcomes_total{outcome="duplicate"}')).toBe(1);
  expect(found.get('sre_router_in_flight{destination="target"}')).toBe(0);
  expect(found.get('sre_router_destination_waiting{destination="target"}')).toBe(0);
  expect(found.get('sre_router_breaker_open{destination="target"}')).toBe(0);
  expect(found.get('sre_router_ready')).toBe(1);
});

test('no label value comes from a payload or a path, so that their number is bounded', async () => {
  const { text } = await router.ask('/metrics');
  expect(text).not.toContain('stranger');
  expect(text).not.toContain('what/ever');
  const found = await samples();
  expect(found.get('sre_router_received_total{type="other"}')).toBe(20);
  expect(found.get('sre_router_received_total{type="good"}')).toBe(2);
  expect(found.get('sre_router_http_requests_total{endpoint="none",status="404"}')).toBe(1);
});

test('every metric that is exposed is in the table, and every one of the table is exposed', async () => {
  const { text } = await router.ask('/metrics');
  const exposed = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => `${name} ${type}`);
  expect(exposed.sort()).toEqual(
    Object.values(METRICS)
      .map(({ name, type }) => `${name} ${type}`)
      .sort(),
  );
});

test.each(Object.entries(METRICS))('%s is named and explained as Prometheus asks', (_key, { name, type, labels, help }) => {
  expect(name).toMatch(/^sre_router_[a-z]+(_[a-z]+)*$/);
  expect(name.endsWith('_total')).toBe(type === 'counter');
  expect(name.endsWith('_seconds') || type !== 'histogram').toBe(true);
  expect(name).not.toMatch(/_(ms|millis|minutes|count|sum|bucket|info_total)$/);
  for (const label of labels) expect(label).toMatch(/^[a-z]+$/);
  expect(labels).not.toContain('le');
  expect(help).toMatch(/^[A-Z0-9].*\.$/);
});
