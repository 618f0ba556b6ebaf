import { z } from 'zod';
import type { Json } from '#runtime/event/event.js';
import { type Action, Ongoing } from '#runtime/workflow/action.js';
import { Gate } from '#runtime/workflow/gate.js';
import type { OpenDestination } from '#runtime/workflow/runner.js';
import type { SimInput } from './sim-routes.js';
import type { SimTarget } from './target.js';
import type { ProcessClock } from './virtual-clock.js';

const input = z.object({ id: z.string(), event: z.string(), key: z.string(), read: z.json() });

export interface CallWatch {
  begins(input: SimInput, key: string): void;
  ends(input: SimInput): void;
  /** Steps whose calls are under way. */
  underWay(): readonly string[];
}

const LOOK_AGAIN_MS = 20_000;

const underWay = (id: Json): Ongoing => new Ongoing(id, LOOK_AGAIN_MS, 'simulated work');

/** An Action on a simulated target, as one process uses it. */
export function simAction(target: SimTarget, clock: ProcessClock, settleMs: number, watch: CallWatch): Action {
  const { kind } = target;
  return {
    name: kind.name,
    kind: kind.name,
    summary: 'simulated',
    delivery: 'simulated',
    input: input as unknown as Action['input'],
    output: z.json(),
    settlement: () => {
      if (kind.by === 'probe') return { by: 'probe', settleMs };
      if (kind.by === 'person') return { by: 'person', why: 'Nothing can tell.' };
      return kind.keepForMs === Number.POSITIVE_INFINITY ? { by: 'resend' } : { by: 'resend', forMs: kind.keepForMs - 15_000 };
    },
    async run(value, context) {
      const told = value as SimInput;
      watch.begins(told, context.key);
      context.signal.addEventListener('abort', () => watch.ends(told), { once: true });
      try {
        const output = await target.call(told, context.key, clock, context.signal);
        return (kind.worksMs ?? 0) === 0 ? output : underWay(told.id);
      } finally {
        watch.ends(told);
      }
    },
    ...(kind.worksMs === undefined ? {} : { follow: async (memo: Json) => (await target.look(String(memo), clock)) ?? underWay(memo) }),
    ...(kind.by === 'probe' ? { probe: (value) => target.probe(value as SimInput, clock) } : {}),
  };
}

export function simDestination(
  target: SimTarget,
  clock: ProcessClock,
  perSecond: number | undefined,
  concurrency: number,
  timeoutMs: number,
): OpenDestination {
  return {
    name: target.kind.name,
    kind: target.kind.name,
    client: undefined,
    gate: new Gate(clock, {
      concurrency,
      ...(perSecond === undefined ? {} : { perSecond }),
      breakerFailures: 5,
      breakerCooldownMs: 10_000,
    }),
    timeoutMs,
    perChannel: false,
  };
}
