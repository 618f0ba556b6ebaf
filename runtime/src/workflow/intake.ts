import type { Event } from '../event/event.js';
import { eventSchema } from '../event/event.js';
import { UNREADABLE_TYPE, unreadableId } from '../event/stored-event.js';
import type { Partition } from './partition.js';
import type { Delivery } from './partition-ports.js';

/** As the log delivers it. */
export interface IntakeRecord {
  readonly offset: number;
  readonly key: string;
  readonly value: Buffer;
  /** What was stored is damaged or gone. */
  readonly isDamaged?: true;
}

export interface IntakeRules {
  /** Records decided and journaled together at most. */
  readonly batch: number;
  /** And their bytes, but for one that is larger. */
  readonly batchBytes: number;
  /** Records waiting here above which the log is paused; it resumes at half. */
  readonly queue: number;
  /** And their bytes. */
  readonly queueBytes: number;
  /** Unfinished runs above which the log is paused; it resumes at nine tenths. */
  readonly unfinished: number;
}

export interface IntakePorts {
  pause(): void;
  resume(): void;
  /** Unfinished runs of the whole process. */
  unfinished(): number;
  nowMs(): number;
  lost(error: Error): void;
  unreadable(offset: number, detail: string): void;
}

/** Between the log and a partition: batches, keeps order, pauses the log when there is too much. */
export class Intake {
  readonly #partition: Pick<Partition, 'accept'>;
  readonly #ports: IntakePorts;
  readonly #rules: IntakeRules;
  #queue: IntakeRecord[] = [];
  #queueBytes = 0;
  #working: Promise<void> | undefined;
  #paused = false;
  #stopped = false;

  constructor(partition: Pick<Partition, 'accept'>, ports: IntakePorts, rules: IntakeRules) {
    this.#partition = partition;
    this.#ports = ports;
    this.#rules = rules;
  }

  push(records: readonly IntakeRecord[]): void {
    if (this.#stopped) return;
    for (const record of records) {
      this.#queue.push(record);
      this.#queueBytes += record.value.length;
    }
    this.look();
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined;
      // Pushed after the last look at the queue.
      if (this.#queue.length > 0) this.push([]);
    });
  }

  /** Called also when runs finish: there may be room again. */
  look(): void {
    const { queue, queueBytes, unfinished } = this.#rules;
    const runs = this.#ports.unfinished();
    const fill = Math.max(this.#queue.length / queue, this.#queueBytes / queueBytes);
    if (!this.#paused && (fill > 1 || runs >= unfinished)) {
      this.#paused = true;
      this.#ports.pause();
    } else if (this.#paused && fill <= 0.5 && runs < unfinished * 0.9) {
      this.#paused = false;
      this.#ports.resume();
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#queue = [];
    this.#queueBytes = 0;
    await this.#working;
  }

  async #work(): Promise<void> {
    try {
      while (this.#queue.length > 0 && !this.#stopped) {
        const batch = this.#take();
        await this.#partition.accept(batch.map((record) => this.#decode(record)));
        this.look();
      }
    } catch (error) {
      this.#stopped = true;
      this.#ports.lost(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #take(): IntakeRecord[] {
    const { batch, batchBytes } = this.#rules;
    let bytes = 0;
    let count = 0;
    for (const { value } of this.#queue.slice(0, batch)) {
      bytes += value.length;
      if (count > 0 && bytes > batchBytes) {
        bytes -= value.length;
        break;
      }
      count += 1;
    }
    this.#queueBytes -= bytes;
    return this.#queue.splice(0, count);
  }

  /** What cannot be read as an Event is quarantined under an id of its position: counted, shown, never lost. */
  #decode(record: IntakeRecord): Delivery {
    let detail: string;
    try {
      if (record.isDamaged === true) throw new Error('the stored record does not match its checksum; its bytes are set aside');
      const parsed = eventSchema.safeParse(JSON.parse(record.value.toString('utf8')));
      if (parsed.success) return { offset: record.offset, event: parsed.data };
      const issue = parsed.error.issues[0];
      detail = `/${issue?.path.join('/') ?? ''}: ${issue?.message ?? 'invalid'}`;
    } catch (error) {
      detail = `: ${error instanceof Error ? error.message : String(error)}`;
    }
    this.#ports.unreadable(record.offset, detail);
    const now = new Date(this.#ports.nowMs()).toISOString();
    const event: Event = {
      specversion: '1.0',
      id: unreadableId(record.offset),
      type: UNREADABLE_TYPE,
      source: 'router',
      ingestsource: 'router',
      time: now,
      recordedtime: now,
      partitionkey: record.key === '' ? 'unreadable' : record.key.slice(0, 1024),
      quarantine: detail.slice(0, 1000),
    };
    return { offset: record.offset, event };
  }
}
