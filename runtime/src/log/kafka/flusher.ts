import kafkajs, { type Kafka, type Producer } from 'kafkajs';
import { asError, RouterError } from '../../errors.js';

/** One record to produce, built at the last moment: what is asked for while a request is under way can still be put into it. */
export interface Outgoing {
  readonly topic: string;
  readonly partition: number;
  build(): { readonly key: Buffer | null; readonly value: Buffer; readonly headers?: Readonly<Record<string, string>> };
}

/** A record batch of one partition must stay below the topic's max.message.bytes (default 1,048,588 B) with its envelope. */
export const MAX_BATCH_BYTES = 950_000;
const MAX_REQUEST_RECORDS = 5_000;
const RECORD_OVERHEAD_BYTES = 100;

/**
 * Long enough to outlive a restart of all brokers. Serialised and idempotent, so trying again appends nothing twice; and what comes too late is fenced by the
 * journal's epochs.
 */
const RETRY = { initialRetryTime: 100, maxRetryTime: 2_000, retries: 45 };

type Built = ReturnType<Outgoing['build']>;

interface Waiting {
  readonly outgoing: Outgoing;
  /** Built, but there was no room left in the request. */
  built?: Built;
  resolve(offset: number): void;
  reject(error: Error): void;
}

interface Taken {
  readonly waiting: Waiting;
  readonly record: Built;
}

const nameOf = ({ topic, partition }: Outgoing): string => `${topic}/${partition}`;

/**
 * The one producer of a process.
 *
 * Delivery guarantees: `send` resolves with the record's offset once all in-sync replicas have it; records of one partition keep the order of the calls. A
 * rejected record may or may not be there. One request at a time, and a new producer after any failure, because an idempotent kafkajs producer that is used
 * concurrently, or again after a failed send, reuses sequence numbers and loses acknowledged records (defect c). An answer that does not name every partition
 * of the request is a failure: kafkajs resolves when a partition moves between brokers during its retry without having sent its records at all (defect t).
 */
export class Flusher {
  readonly #kafka: Kafka;
  #queue: Waiting[] = [];
  #producer: Producer | undefined;
  #working: Promise<void> | undefined;
  #closed = false;

  constructor(kafka: Kafka) {
    this.#kafka = kafka;
  }

  send(outgoing: Outgoing): Promise<number> {
    if (this.#closed) return Promise.reject(new RouterError('STOPPING', 'The log is closed.'));
    return new Promise((resolve, reject) => {
      this.#queue.push({ outgoing, resolve, reject });
      this.#working ??= this.#work();
    });
  }

  /** Sends what is queued, then disconnects. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#working;
    await this.#producer?.disconnect().catch(() => undefined);
  }

  async #work(): Promise<void> {
    // Whatever is asked for in this turn of the event loop goes together.
    await Promise.resolve();
    while (this.#queue.length > 0) await this.#flush(this.#take());
    this.#working = undefined;
  }

  #take(): Taken[] {
    const taken: Taken[] = [];
    const bytesOf = new Map<string, number>();
    const full = new Set<string>();
    const left: Waiting[] = [];
    for (const waiting of this.#queue) {
      const name = nameOf(waiting.outgoing);
      if (full.has(name) || taken.length >= MAX_REQUEST_RECORDS) {
        full.add(name);
        left.push(waiting);
        continue;
      }
      const record = waiting.built ?? waiting.outgoing.build();
      const before = bytesOf.get(name) ?? 0;
      const after = before + record.value.length + (record.key?.length ?? 0) + RECORD_OVERHEAD_BYTES;
      if (before > 0 && after > MAX_BATCH_BYTES) {
        waiting.built = record;
        full.add(name);
        left.push(waiting);
        continue;
      }
      bytesOf.set(name, after);
      taken.push({ waiting, record });
    }
    this.#queue = left;
    return taken;
  }

  async #flush(batch: readonly Taken[]): Promise<void> {
    const byTopic = new Map<string, { partition: number; key: Buffer | null; value: Buffer; headers?: Record<string, string> }[]>();
    for (const { waiting, record } of batch) {
      const { topic, partition } = waiting.outgoing;
      const { headers, ...rest } = record;
      const message = { partition, ...rest, ...(headers === undefined ? {} : { headers: { ...headers } }) };
      const messages = byTopic.get(topic);
      if (messages === undefined) byTopic.set(topic, [message]);
      else messages.push(message);
    }
    try {
      const producer = await this.#open();
      const topicMessages = [...byTopic].map(([topic, messages]) => ({ topic, messages }));
      const acks = await producer.sendBatch({ acks: -1, topicMessages });
      const next = new Map(acks.map(({ topicName, partition, baseOffset }) => [`${topicName}/${partition}`, Number(baseOffset)]));
      for (const { waiting } of batch) {
        const name = nameOf(waiting.outgoing);
        const offset = next.get(name);
        if (offset === undefined || !(offset >= 0)) throw new Error(`the brokers did not acknowledge ${name}`);
        next.set(name, offset + 1);
        waiting.resolve(offset);
      }
    } catch (thrown) {
      await this.#discard();
      // Those resolved before keep their answer.
      for (const { waiting } of batch) waiting.reject(asError(thrown));
    }
  }

  async #open(): Promise<Producer> {
    if (this.#producer !== undefined) return this.#producer;
    const producer = this.#kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
      retry: RETRY,
    });
    await producer.connect();
    this.#producer = producer;
    return producer;
  }

  async #discard(): Promise<void> {
    const producer = this.#producer;
    this.#producer = undefined;
    await producer?.disconnect().catch(() => undefined);
  }
}
