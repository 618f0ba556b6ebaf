import { afterEach, describe, expect, test } from '@jest/globals';
import type { Json } from '#runtime/event/event.js';
import { ACTIONS } from '#runtime/workflow/actions/registry.js';
import type { FaultName } from '#test/sandbox/faults.js';
import type { Effect } from '#test/sandbox/server.js';
import { actionOf, parse, World } from '#test/workflow/actions/world.js';
import { type ActionCase, expectClean, expectOneEffect, finish, KEY, settle, settledBySelf } from './action-case.js';

const OTHER_KEY = 'a0'.repeat(32);

/** How a request that has an effect, and one that has none, comes out under each fault. */
const FAULTS: readonly (readonly [FaultName, 'ok' | 'known' | 'unknown', string])[] = [
  ['refuse', 'unknown', 'answer-lost'],
  ['answer-lost', 'unknown', 'answer-lost'],
  ['429', 'known', 'rate-limited'],
  ['429-date', 'known', 'rate-limited'],
  ['500', 'unknown', 'http-5xx'],
  ['500-after', 'unknown', 'http-5xx'],
  ['malformed', 'unknown', 'malformed-answer'],
  ['html', 'unknown', 'malformed-answer'],
  ['huge', 'unknown', 'malformed-answer'],
  ['redirect', 'unknown', 'http-303'],
  ['slow', 'ok', ''],
];

/** `http.request` hands over whatever text comes, and cuts what is long: these are answers to it. */
const ANSWERS_FOR_HTTP: readonly FaultName[] = ['html', 'huge'];

interface Prepared {
  readonly world: World;
  readonly input: Json;
  /** Effects since the input was prepared. */
  effects(): readonly Effect[];
  requests(): Record<string, number>;
}

/** Every action of the registry passes this against its target's stand-in, over HTTP, through its real client. */
export function testActionContract(cases: readonly ActionCase[]): void {
  const opened: World[] = [];
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((world) => world.close()));
  });

  async function prepare({ kind, settings, prepare: make }: ActionCase): Promise<Prepared> {
    const world = await World.open(kind, settings);
    opened.push(world);
    const input = await make(world);
    await world.freshConnections();
    const before = world.standIn.state;
    return {
      world,
      input,
      effects: () => world.standIn.state.effects.slice(before.effects.length),
      requests() {
        const counts = Object.entries(world.standIn.state.requestsByRoute).map(([route, count]): [string, number] => [
          route,
          count - (before.requestsByRoute[route] ?? 0),
        ]);
        return Object.fromEntries(counts.filter(([, count]) => count > 0));
      },
    };
  }

  test('every action of the registry has a case', () => {
    expect(Object.keys(ACTIONS).filter((name) => !cases.some(({ action }) => action === name))).toEqual([]);
  });

  describe.each(cases.map((one): [string, ActionCase] => [one.name, one]))('%s', (_name, one) => {
    const action = actionOf(one.action);
    const effectRoute = one.routes.at(-1) as string;
    const once = Object.fromEntries(one.routes.map((route) => [route, 1]));
    const isEffect = one.isSafe !== true;

    test('one call is exactly its requests, has one effect, and answers what its output schema promises', async () => {
      const { world, input, effects, requests } = await prepare(one);
      const result = await world.run(one.action, input, KEY);
      if (!result.ok) throw result.error;
      expect(requests()).toEqual(once);
      expect(effects()).toHaveLength(isEffect ? 1 : 0);
      const output = await finish(world, one, input, result);
      expect(action.output.parse(output)).toEqual(output);
      expect(world.clock.waiting).toBe(0);
    });

    test.each(FAULTS)(
      'under fault %s the outcome is told as it is, and settling ends with one effect',
      async (fault, asExpected, reason) => {
        const { world, input, effects, requests } = await prepare(one);
        world.standIn.setFault({ route: effectRoute, fault, times: 1, ms: 20 });
        const result = await world.run(one.action, input, KEY);
        expect(requests()).toEqual(once);
        const isAnswer = one.action === 'http.request' && ANSWERS_FOR_HTTP.includes(fault);
        const expected = isAnswer ? 'ok' : asExpected === 'unknown' && !isEffect ? 'known' : asExpected;
        expect(result.ok ? 'ok' : `${result.error.outcome} ${result.error.reason}`).toBe(
          expected === 'ok' ? 'ok' : `${expected} ${reason}`,
        );
        if (result.ok) return;
        expectClean(result.error);
        if (fault === '429') expect(result.error.retryAfterMs).toBe(1_000);
        if (fault === '429-date') expect(Math.abs((result.error.retryAfterMs ?? 0) - 90_000)).toBeLessThanOrEqual(1_000);
        // The law: what is known to have failed has done nothing, ever.
        if (result.error.outcome === 'known') expect(effects()).toEqual([]);
        await settle(world, one, input, result.error);
        if (settledBySelf(world, one, input) || result.error.outcome === 'known') expectOneEffect(one, effects());
      },
    );

    if (one.routes.length > 1)
      test('a fault of a request that only reads is a known failure', async () => {
        const { world, input, effects } = await prepare(one);
        for (const route of one.routes.slice(0, -1)) {
          for (const fault of ['refuse', 'answer-lost', '500', 'malformed'] as const) {
            world.standIn.setFault({ route, fault, times: 1 });
            const result = await world.run(one.action, input, KEY);
            expect(result.ok ? 'ok' : result.error.outcome).toBe('known');
          }
        }
        expect(effects()).toEqual([]);
      });

    test('a call without an answer is given up at its time-out, its connection with it; what may have happened is settled', async () => {
      const { world, input, effects, requests } = await prepare(one);
      world.standIn.setFault({ route: effectRoute, fault: 'hang', times: 1 });
      const calling = world.run(one.action, input, KEY);
      while ((await world.standIn.nextRequest()) !== effectRoute);
      world.clock.fireAll();
      const result = await calling;
      expect(result.ok ? 'ok' : `${result.error.outcome} ${result.error.reason}`).toBe('unknown timeout');
      expect([requests(), effects()]).toEqual([once, []]);
      expect(world.clock.waiting).toBe(0);
      if (one.routes.length === 1) await world.standIn.allClosed();
      if (result.ok || !settledBySelf(world, one, input)) return;
      await settle(world, one, input, result.error);
      expectOneEffect(one, effects());
    });

    test('an effect that comes after the time-out is found, not repeated', async () => {
      const { world, input, effects } = await prepare(one);
      if (!isEffect || !settledBySelf(world, one, input)) return;
      world.standIn.setFault({ route: effectRoute, fault: 'slow', times: 1, ms: 30 });
      const calling = world.run(one.action, input, KEY);
      while ((await world.standIn.nextRequest()) !== effectRoute);
      const late = world.nextEffect();
      world.clock.fireAll();
      const result = await calling;
      await late;
      if (result.ok) throw new Error('it was in time');
      await settle(world, one, input, result.error);
      expectOneEffect(one, effects());
    });

    test('a closed port is a known failure', async () => {
      const { world: elsewhere, input } = await prepare(one);
      const closed = await World.open(one.kind, one.settings);
      await closed.standIn.close();
      const result = await closed.run(one.action, input, KEY);
      await closed.close();
      expect(result.ok ? 'ok' : `${result.error.outcome} ${result.error.reason} ${result.error.retryable}`).toBe('known refused true');
      expect(elsewhere.standIn.state.effects.length).toBeLessThanOrEqual(1);
    });

    test('a connection that the target closed while it was idle does not turn a lost call into a known failure', async () => {
      const { world, input, effects, requests } = await prepare(one);
      const warm = await world.run(one.action, input, OTHER_KEY);
      expect(warm.ok).toBe(true);
      const before = requests()[effectRoute] ?? 0;
      const had = effects().length;
      // On the connection of the call before, as a server does that gives up an idle connection in the moment we write.
      world.standIn.setFault({ route: one.routes[0] as string, fault: 'refuse', times: 1 });
      const result = await world.run(one.action, input, KEY);
      expect(result.ok ? 'ok' : result.error.outcome).toBe(one.routes.length > 1 || !isEffect ? 'known' : 'unknown');
      expect(effects()).toHaveLength(had);
      expect(requests()[effectRoute]).toBe(one.routes.length > 1 ? before : before + 1);
    });

    if (action.probe !== undefined)
      test('a probe finds the effect of its key and of no other, and answers undefined while there is none', async () => {
        const { world, input, effects } = await prepare(one);
        if (action.settlement(world.client, parse(action, input)).by !== 'probe') return;
        const none = await world.probe(one.action, input, KEY);
        expect(none).toMatchObject({ ok: true, value: undefined });
        await world.must(one.action, input, OTHER_KEY);
        expect(await world.probe(one.action, input, KEY)).toMatchObject({ ok: true, value: undefined });
        const output = await world.must(one.action, input, KEY);
        await world.must(one.action, input, 'b1'.repeat(32));
        const found = await world.probe(one.action, input, KEY);
        expect(found).toMatchObject({ ok: true, value: output });
        expect(effects()).toHaveLength(3);
      });
  });
}
