import type { Clock } from './clock.js';
import { asError, RouterError } from './errors.js';
import type { Event } from './event/event.js';
import type { Journal } from './journal/journal.js';
import type { Log } from './log/log.js';
import type { Payload } from './manager/source.js';
import type { IntakeRules } from './workflow/intake.js';
import { Intake } from './workflow/intake.js';
import type { PartitionPorts, PartitionRules } from './workflow/partition.js';
import { Partition } from './workflow/partition.js';

export interface PipelinePorts extends Omit<PartitionPorts, 'append' | 'commit' | 'journal'> {
  readonly clock: Clock;
  readonly log: Log;
  readonly journal: Journal;
  /** Event manager: payload → events; throws RouterError for a bad envelope. */
  decode(source: string, payload: Payload): Promise<readonly Event[]>;
  unreadable(offset: number, detail: string): void;
}

/**
 * The stages in order: ingest (decode, append) → log → intake → accept → run. The mapper is asked by the partition through `routes`.
 *
 * Delivery guarantees: `ingest` resolves only when all events of the payload are durable; a rejected append is NOT_DURABLE and the sender's retry is absorbed.
 */
export class Pipeline {
  readonly #ports: PipelinePorts;
  readonly #owned = new Map<number, { partition: Partition; intake: Intake }>();
  readonly #rules: PartitionRules & IntakeRules;

  constructor(ports: PipelinePorts, rules: PartitionRules & IntakeRules) {
    this.#ports = ports;
    this.#rules = rules;
  }

  async ingest(source: string, payload: Payload): Promise<readonly Event[]> {
    if (this.unfinished() >= this.#rules.unfinished)
      throw new RouterError('OVERLOADED', `${this.unfinished()} runs are unfinished; try again later.`);
    const events = await this.#ports.decode(source, payload);
    await this.append(events);
    return events;
  }

  async append(events: readonly Event[]): Promise<void> {
    try {
      await this.#ports.log.append(events.map((event) => ({ key: event.partitionkey, value: Buffer.from(JSON.stringify(event)) })));
    } catch (error) {
      throw new RouterError('NOT_DURABLE', `The log did not take the events: ${asError(error).message}`, { cause: error });
    }
  }

  async start(): Promise<void> {
    await this.#ports.log.consume({
      assigned: (id) => this.#assigned(id),
      deliver: (id, records) => this.#owned.get(id)?.intake.push(records),
      revoked: async (id) => {
        const owned = this.#owned.get(id);
        await owned?.intake.stop();
        await owned?.partition.stop();
        this.#owned.delete(id);
      },
    });
  }

  async trim(retentionMs: number): Promise<void> {
    const { log } = this.#ports;
    for (const [id, { partition }] of this.#owned) {
      await partition.trim(retentionMs, { oldest: (count) => log.oldest(id, count), trim: (offset) => log.trim(id, offset) });
    }
  }

  partitions(): readonly Partition[] {
    return [...this.#owned.values()].map((owned) => owned.partition);
  }

  unfinished(): number {
    let runs = 0;
    for (const { partition } of this.#owned.values()) runs += partition.unfinished;
    return runs;
  }

  async #assigned(id: number): Promise<number> {
    const { log, ...ports } = this.#ports;
    const look = (): void => this.#owned.get(id)?.intake.look();
    const partition = new Partition(
      id,
      {
        ...ports,
        ended: (end) => {
          ports.ended(end);
          look();
        },
        append: (event) => this.append([event]),
        commit: (next) => void log.commit(id, next).catch(ports.lost),
      },
      this.#rules,
    );
    const intake = new Intake(
      partition,
      {
        ...ports,
        pause: () => log.pause(id),
        resume: () => log.resume(id),
        unfinished: () => this.unfinished(),
        nowMs: () => ports.clock.nowMs(),
      },
      this.#rules,
    );
    const next = await partition.restore();
    this.#owned.set(id, { partition, intake });
    return next;
  }
}
