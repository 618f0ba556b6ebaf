import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Event } from '#runtime/event/event.js';
import { compileRoute } from '#runtime/mapper/compile.js';
import { createRouteTable } from '#runtime/mapper/route-table.js';
import { testCatalog } from '#test/mapper/test-catalog.js';

const event = (labels: Record<string, string>) => ({ id: 'e', type: 't', data: { labels } }) as unknown as Event;
const ROUTES = [
  { name: 'gov', when: "data.labels.env == 'gov' && (data.labels.sev == 'a' || data.labels.sev == 'b')", continue: true },
  { name: 'broken', when: 'data.nothing > 1' },
  { name: 'rest', actions: [{ id: 'tell', use: 'slack.message', with: { text: '${{ data.labels.env }}', channel: 'c' } }] },
  { name: 'never' },
];
const compiled = () => ROUTES.map((route) => compileRoute('t', route, testCatalog));

test('the first match wins unless it continues, and a failing when is counted and passed over', () => {
  const failures: string[] = [];
  const table = createRouteTable(compiled(), { catalog: testCatalog, onWhenError: ({ route }) => failures.push(route) });
  expect(table.match(event({ env: 'gov', sev: 'a' })).map((route) => route.name)).toEqual(['gov', 'rest']);
  expect(failures).toEqual(['broken']);
});

test('explain names the clause that is false and what it read', () => {
  const table = createRouteTable(compiled(), { catalog: testCatalog, onWhenError: () => undefined });
  expect(table.explain(event({ env: 'gov' }))).toMatchObject([
    { route: 'gov', reason: 'when-false', values: { 'data.labels.sev': '' }, clause: expect.stringContaining('||') },
    { route: 'broken', reason: 'when-error', values: { 'data.nothing': null } },
    { route: 'rest', reason: 'matched' },
    { route: 'never', reason: 'after-first-match' },
  ]);
});

test('the same event and mapping give the same plan and hash, and the pinned text compiles to the same route', () => {
  const label = fc.constantFrom('gov', 'a', 'b', '');
  fc.assert(
    fc.property(label, label, (env, sev) => {
      const [one, two] = [compiled(), compiled()].map((routes) =>
        createRouteTable(routes, { catalog: testCatalog, onWhenError: () => undefined }),
      );
      const of = (table: typeof one) =>
        table
          ?.match(event({ env, sev }))
          .map((route) => [route.hash, route.lists.actions?.map((step) => step.input({ event: event({ env, sev }), steps: {} }))]);
      expect(of(one)).toEqual(of(two));
      expect(one?.hash).toBe(two?.hash);
      for (const route of one?.match(event({ env, sev })) ?? []) expect(one?.compilePinned(route.text).hash).toBe(route.hash);
    }),
  );
});
