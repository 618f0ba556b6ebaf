import type { Event, Json } from '#runtime/event/event.js';
import type { Accepted, Progress } from '#runtime/journal/records.js';
import type { SimWorld } from './sim-world.js';

/** Wait this long before judging an unknown outcome: every effect that will happen has happened. */
const LOOK_AFTER_MS = 120_000;

/** A careful person: looks at the target itself, then resolves what happened, and retries or gives up what did not. */
export function commandsOfPerson(world: SimWorld, nextId: () => string): Event[] {
  const events: Event[] = [];
  for (let partition = 0; partition < world.partitions; partition += 1) {
    const entries = world.entries(partition);
    for (const [key, text] of entries) {
      if (!key.startsWith('i/')) continue;
      const [, target = '', branch = '', step = ''] = key.split('/');
      const progress = JSON.parse(text) as Progress;
      if (entries.has(`d/${key.slice(2)}`) || (progress.state !== 'parked' && progress.state !== 'ambiguous')) continue;
      if (world.clock.nowMs() - progress.lastMs < LOOK_AFTER_MS) continue;
      const accepted = JSON.parse(entries.get(`a/${target}`) ?? 'null') as Accepted | null;
      const pinned = accepted?.branches[Number(branch)];
      if (accepted === null || pinned === undefined) continue;
      const id = `${target}|${pinned.route}|${pinned.list}|${step}`;
      const effect = world.targets.map((candidate) => candidate.effectOf(id)).find((found) => found !== undefined);
      const kind = effect !== undefined ? 'resolve' : world.random.chance(0.3) ? 'abandon' : 'retry';
      world.trace(`person ${kind} ${id}`);
      events.push(
        command(world, nextId(), accepted.event.partitionkey, {
          kind,
          target,
          step,
          branch: Number(branch),
          ...(effect === undefined ? {} : { output: effect.output }),
        }),
      );
    }
  }
  return events;
}

function command(world: SimWorld, id: string, partitionkey: string, data: { [key: string]: Json }): Event {
  const now = new Date(world.clock.nowMs()).toISOString();
  return {
    specversion: '1.0',
    id,
    type: 'router.command',
    source: 'router',
    ingestsource: 'router',
    time: now,
    recordedtime: now,
    partitionkey,
    data: { ...data, by: 'simulated person', reason: 'looked' },
  };
}
