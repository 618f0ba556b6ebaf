import { UNFINISHED } from './journal/records.js';
import type { RawTotals } from './log/kafka/raw-consumer.js';
import type { MetricsReaders } from './metrics.js';
import type { Gate } from './workflow/gate.js';
import type { Partition } from './workflow/partition.js';

export interface WatchPorts {
  nowMs(): number;
  /** Owned ones. */
  partitions(): readonly Partition[];
  destinations(): Iterable<{ readonly name: string; readonly gate: Gate }>;
  rawTotals(): ReadonlyMap<number, RawTotals>;
  viewBehind(): number | undefined;
  isReady(): Promise<boolean>;
  readonly version: string;
  /** First digits of the hash of the mappings. */
  readonly mappings: string;
}

/** What the gauges read when they are scraped. */
export function routerReaders(ports: WatchPorts): MetricsReaders {
  const { nowMs, partitions, destinations } = ports;
  const perDestination = (read: (gate: Gate) => number) => () =>
    [...destinations()].map(({ name, gate }) => ({ labels: { destination: name }, value: read(gate) }));
  const perRaw = (read: (totals: RawTotals) => number) => () =>
    [...ports.rawTotals()].map(([partition, totals]) => ({ labels: { partition: String(partition) }, value: read(totals) }));
  const sum = (read: (partition: Partition) => number): number => partitions().reduce((total, partition) => total + read(partition), 0);
  return {
    unfinished: () => UNFINISHED.map((state) => ({ labels: { state }, value: sum((partition) => partition.unfinishedByState()[state]) })),
    conservation: () => [{ labels: {}, value: sum((partition) => partition.conservation) }],
    oldestUnfinished() {
      const oldest = partitions().flatMap((partition) => partition.oldestUnfinishedMs() ?? []);
      return [{ labels: {}, value: oldest.length === 0 ? 0 : Math.max(0, nowMs() - Math.min(...oldest)) / 1_000 }];
    },
    partitions: () => [{ labels: {}, value: partitions().length }],
    ready: async () => [{ labels: {}, value: (await ports.isReady()) ? 1 : 0 }],
    viewBehind() {
      const behind = ports.viewBehind();
      return behind === undefined ? [] : [{ labels: {}, value: behind }];
    },
    rawRecords: perRaw(({ records }) => records),
    rawDeadLetters: perRaw(({ dlq }) => dlq),
    rawConservation: perRaw(({ records, split, dlq }) => records - split - dlq),
    inFlight: perDestination((gate) => gate.inside),
    destinationWaiting: perDestination((gate) => gate.waiting),
    breakerOpen: perDestination((gate) => (gate.open ? 1 : 0)),
    info: () => [{ labels: { version: ports.version, mappings: ports.mappings }, value: 1 }],
  };
}
