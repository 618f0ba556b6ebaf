import { asError, RouterError } from './errors.js';
import type { Event } from './event/event.js';
import type { Log } from './log/log.js';
import type { Payload } from './manager/source.js';
import type { Owner, OwnerPorts, OwnerRules } from './workflow/owner.js';
import { takeOver } from './workflow/owner.js';
import type { Partition } from './workflow/partition.js';

export interface PipelinePorts extends Omit<OwnerPorts, 'append' | 'commit' | 'pause' | 'resume' | 'unfinished'> {
  readonly log: Log;
  /** Event manager: payload → events; throws RouterError for a bad envelope. */
  decode(source: string, payload: Payload): Promise<readonly Event[]>;
}

/**
 * The stages in order: ingest (decode, append) → log → intake → accept → run. The mapper is asked by the partition through `routes`.
 *
 * Delivery guarantees: `ingest` resolves only when all events of the payload are durable; a rejected append is NOT_DURABLE and the sender's retry is absorbed.
 */
export class Pipeline {
  readonly #ports: PipelinePorts;
  readonly #rules: OwnerRules;
  readonly #owned = new Map<number, Owner>();

  constructor(ports: PipelinePorts, rules: OwnerRules) {
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
    const { log, ...ports } = this.#ports;
    await log.consume({
      assigned: async (id) => {
        const mayStart = (): boolean => ports.mayStart() && log.mayStart(id);
        const ofLog = { mayStart, pause: () => log.pause(id), resume: () => log.resume(id), unfinished: () => this.unfinished() };
        const commit = (next: number): void => void log.commit(id, next).catch(ports.lost);
        const owner = await takeOver(id, { ...ports, ...ofLog, commit, append: (event) => this.append([event]) }, this.#rules);
        this.#owned.set(id, owner);
        return owner.next;
      },
      deliver: (id, records) => this.#owned.get(id)?.intake.push(records),
      quiet: async (id) => this.#owned.get(id)?.partition.quiet(),
      wake: (id) => this.#owned.get(id)?.partition.wake(),
      revoked: async (id) => {
        const owner = this.#owned.get(id);
        await owner?.intake.stop();
        await owner?.partition.stop();
        this.#owned.delete(id);
      },
    });
  }

  async trim(retentionMs: number): Promise<void> {
    const { log } = this.#ports;
    for (const [id, { partition }] of this.#owned)
      await partition.trim(retentionMs, { oldest: (count) => log.oldest(id, count), trim: (offset) => log.trim(id, offset) });
  }

  partitions(): readonly Partition[] {
    return [...this.#owned.values()].map((owner) => owner.partition);
  }

  unfinished(): number {
    return this.partitions().reduce((sum, partition) => sum + partition.unfinished, 0);
  }
}
