import type { NodeAddress } from '#runtime/dcr/thrift-client.js';

/** How long things take. */
export interface SimTimes {
  /** Until Thrift answers at all: the JVM. */
  readonly bootMs: number;
  /** After the name resolves, until it registers: negative answers that others still hold. */
  readonly settleMs: number;
  readonly historyMs: number;
  /** Reading the cache back from S3. */
  readonly readMs: number;
  readonly units: number;
  /** Of one farmer for one unit. */
  readonly unitMs: number;
  readonly parts: number;
  readonly partMs: number;
  /** How often it looks and works. */
  readonly tickMs: number;
  readonly heartbeatMs: number;
}

export const TIMES: SimTimes = {
  bootMs: 60_000,
  settleMs: 45_000,
  historyMs: 300_000,
  readMs: 160_000,
  units: 3_000,
  unitMs: 60_000,
  parts: 8,
  partMs: 600_000,
  tickMs: 5_000,
  heartbeatMs: 5_000,
};

export interface SimOptions {
  readonly role: 'farmer' | 'synchronizer';
  readonly name: string;
  readonly ip: string;
  readonly address: NodeAddress;
  readonly boot: string;
  readonly times: SimTimes;
  /** false: registers at once, without looking whether its name resolves, as nodes do today. */
  readonly dnsGate: boolean;
}
