import { asError, ERRORS, RouterError } from './errors.js';
import type { Event } from './event/event.js';
import { outgoing } from './event/outgoing.js';
import type { Log, TrimmableLog } from './log/log.js';
import { partitionLog, partitionTrim } from './log/partition-log.js';
import type { Payload } from './manager/source.js';
import { type Owner, type OwnerPorts, type OwnerRules, takeOver } from './workflow/owner.js';
import type { Partition } from './workflow/partition.js';

export interface PipelinePorts extends Omit<OwnerPorts, 'append' | 'commit' | 'pause' | 'resume' | 'records' | 'unfinished' | 'lost'> {
  readonly log: Log;
  /** Event manager: payload → events; throws RouterError for a bad envelope. */
  decode(source: string, payload: Payload): Promise<readonly Event[]>;
  /** Log or journal refused a write: this process must give the partition up. */
  lost(partition: number, error: Error): void;
}

/**
 * The stages in order: ingest (decode, append) → log → intake → accept → run. The mapper is asked by the partition through `routes`.
 * Delivery guarantees: `ingest` resolves only when all events of the payload are durable; a rejected append is answered 503 and the sender's retry is absorbed.
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
      await this.#ports.log.append(events.map(outgoing));
    } catch (error) {
      if (error instanceof RouterError && ERRORS[error.code].status === 503) throw error;
      throw new RouterError('NOT_DURABLE', `The log did not take the events: ${asError(error).message}`, { cause: error });
    }
  }

  async start(): Promise<void> {
    const { log, ...ports } = this.#ports;
    await log.consume({
      assigned: async (id) => {
        const mayStart = (): boolean => ports.mayStart() && log.mayStart(id);
        const lost = (error: Error): void => ports.lost(id, error);
        const commit = (next: number): void => void log.commit(id, next).catch(lost);
        const ofUs = { mayStart, lost, commit, unfinished: this.unfinished, append: (event: Event) => this.append([event]) };
        const owner = await takeOver(id, { ...ports, ...partitionLog(log, id), ...ofUs }, this.#rules);
        this.#owned.set(id, owner);
        return owner.next;
      },
      deliver: (id, records) => this.#owned.get(id)?.intake.push(records),
      revoked: async (id) => {
        const owner = this.#owned.get(id);
        await owner?.intake.stop();
        await owner?.partition.stop();
        this.#owned.delete(id);
      },
      quiet: async (id) => this.#owned.get(id)?.partition.quiet(),
      wake: (id) => this.#owned.get(id)?.partition.wake(),
      late: (id, facts) => this.#owned.get(id)?.partition.late(facts),
    });
  }

  async trim(retentionMs: number, log: TrimmableLog | undefined): Promise<void> {
    for (const [id, { partition }] of this.#owned) await partition.trim(retentionMs, log && partitionTrim(log, id));
  }

  partitions = (): readonly Partition[] => [...this.#owned.values()].map(({ partition }) => partition);
  unfinished = (): number => this.partitions().reduce((sum, { unfinished }) => sum + unfinished, 0);
}
