import type { Producer, ProducerBatch, RecordMetadata } from 'kafkajs';
import type { Prng } from './prng.js';
import type { SimBrokers } from './sim-brokers.js';
import type { ProcessClock, VirtualClock } from './virtual-clock.js';

/** What goes wrong with a send for good, whatever the client tries: lost before it arrived, its acknowledgement lost, or it arrives after it was given up. */
const SEND_FAULTS = ['not-sent', 'answer-lost', 'late', 'not-named'] as const;
const PATIENCE_MS = 45_000;
const RETRY_MS = 1_500;
const LATEST_MS = 40_000;

interface Part {
  readonly topic: string;
  readonly partition: number;
  readonly messages: readonly { key: Buffer | null; value: Buffer }[];
  base: number | undefined;
}

/** How often a send goes wrong for good, in [0, 1]; shared by all processes of a world. */
export interface SendFaults {
  rate: number;
}

/**
 * kafkajs' idempotent producer on simulated brokers: it tries again for a while what a broker did not take, appends nothing twice, and gives up in the end; then
 * nobody can tell which of its records are there, or come later.
 */
export function simProducer(brokers: SimBrokers, world: VirtualClock, caller: ProcessClock, random: Prng, faults: SendFaults): Producer {
  const append = (part: Part): void => {
    part.base ??= brokers.append(part.topic, part.partition, part.messages, caller);
  };
  const tryOnce = async (parts: readonly Part[]): Promise<void> => {
    for (const part of parts)
      if (part.base === undefined) await brokers.request(brokers.leaderOf(part.partition), caller, () => append(part));
  };
  const sendBatch = async (batch: ProducerBatch): Promise<RecordMetadata[]> => {
    const parts = partsOf(batch);
    const fault = random.chance(faults.rate) ? random.pick(SEND_FAULTS) : undefined;
    const gaveUp = new Error(`simulated: gave up (${fault ?? 'no broker'})`);
    // Defect t: it resolves, and has sent only some.
    if (fault === 'not-named') return parts.slice(1).map((part) => named(part, append));
    if (fault === 'not-sent' || fault === 'late') {
      for (const part of parts) if (fault === 'late' || random.chance(0.3)) world.after(random.int(LATEST_MS), () => append(part));
      await new Promise<void>((resolve) => caller.hear(random.int(RETRY_MS), resolve));
      throw gaveUp;
    }
    const startMs = world.steadyMs;
    for (;;) {
      try {
        await tryOnce(parts);
        if (fault === 'answer-lost') throw gaveUp;
        return parts.map((part) => named(part, append));
      } catch (error) {
        if (error === gaveUp || world.steadyMs - startMs > PATIENCE_MS) throw error;
        await new Promise<void>((resolve) => caller.hear(random.between(100, RETRY_MS), resolve));
      }
    }
  };
  return { connect: async () => undefined, disconnect: async () => undefined, sendBatch } as unknown as Producer;
}

function named(part: Part, append: (part: Part) => void): RecordMetadata {
  append(part);
  return { topicName: part.topic, partition: part.partition, baseOffset: String(part.base), errorCode: 0 };
}

function partsOf({ topicMessages }: ProducerBatch): Part[] {
  const parts = new Map<string, Part & { messages: { key: Buffer | null; value: Buffer }[] }>();
  for (const { topic, messages } of topicMessages ?? []) {
    for (const { key, value, partition = 0 } of messages) {
      const name = `${topic}/${partition}`;
      const part = parts.get(name) ?? { topic, partition, messages: [], base: undefined };
      parts.set(name, part);
      part.messages.push({ key: key === null || key === undefined ? null : Buffer.from(key), value: Buffer.from(value ?? '') });
    }
  }
  return [...parts.values()];
}
