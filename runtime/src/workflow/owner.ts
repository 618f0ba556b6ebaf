import type { IntakePorts, IntakeRules } from './intake.js';
import { Intake } from './intake.js';
import { Partition } from './partition.js';
import type { PartitionPorts, PartitionRules } from './partition-ports.js';

export type OwnerRules = PartitionRules & IntakeRules;
export type OwnerPorts = PartitionPorts & Omit<IntakePorts, 'nowMs'>;

/** A partition that this process owns: what the log delivers goes through `intake`, and lives in `partition`. */
export interface Owner {
  readonly partition: Partition;
  readonly intake: Intake;
  /** Offset from which to deliver. */
  readonly next: number;
}

/** Takes a partition over; resolves when what was unfinished runs again. */
export async function takeOver(id: number, ports: OwnerPorts, rules: OwnerRules): Promise<Owner> {
  let look = (): void => undefined;
  const ended: OwnerPorts['ended'] = (end) => {
    ports.ended(end);
    look();
  };
  const partition = new Partition(id, { ...ports, ended }, rules);
  const intake = new Intake(partition, { ...ports, nowMs: () => ports.clock.nowMs() }, rules);
  const next = await partition.restore().catch(async (error: unknown) => {
    await partition.stop();
    throw error;
  });
  look = () => intake.look();
  return { partition, intake, next };
}
