import { openKafka } from '#runtime/log/kafka/open-kafka.js';
import { MemoryAreas } from './memory-areas.js';
import type { Prng } from './prng.js';
import type { SimBrokers } from './sim-brokers.js';
import { simKafka } from './sim-kafka.js';
import type { SimLog } from './sim-process.js';
import type { SendFaults } from './sim-producer.js';
import type { SimInput } from './sim-routes.js';
import type { SimWorld } from './sim-world.js';
import type { ProcessClock } from './virtual-clock.js';

export interface RouterWorld {
  readonly world: SimWorld;
  readonly brokers: SimBrokers;
  readonly random: Prng;
  readonly sendFaults: SendFaults;
  readonly sessionTimeoutMs: number;
  /** A call of a step begins in the process with this clock. */
  calls(clock: ProcessClock, input: SimInput): void;
}

const FORGET_EVERY_MS = 300_000;

/** The Kafka room as `serve` opens it, on simulated brokers. */
export function openSimRouter(
  { world, brokers, random, sendFaults, sessionTimeoutMs, calls }: RouterWorld,
  name: string,
  clock: ProcessClock,
) {
  const kafka = simKafka({ brokers, world: world.clock, caller: clock, random, sendFaults });
  const opened = openKafka(
    {
      prefix: 'sim',
      group: 'sim',
      partitions: brokers.partitions,
      dlqPartitions: brokers.partitions,
      sessionTimeoutMs,
      heartbeatMs: sessionTimeoutMs / 6,
    },
    {
      kafka,
      clock,
      areas: new MemoryAreas(),
      warn: (message, { err, ...fields }) =>
        world.trace(`${name}${message} ${JSON.stringify(fields)} ${err instanceof Error ? err.message : ''}`),
      gap: (partition) => world.violate('nothing-lost', `a gap in partition ${partition}`),
    },
  );
  const forget = (): void => {
    opened.journal.forget(clock.nowMs() - world.rules.dedupeWindowMs);
    clock.after(FORGET_EVERY_MS, forget);
  };
  forget();
  const log: SimLog = {
    log: opened.log,
    journal: opened.journal,
    lost: (partition, error) => opened.log.giveUp(partition, error),
    calls: (input) => calls(clock, input),
    // Its session ends by itself.
    crash: () => undefined,
  };
  return { log, opened };
}
