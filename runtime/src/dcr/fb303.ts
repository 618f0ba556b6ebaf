import { DcrError } from './dcr-error.js';
import { type AskLimits, addressText, askThrift, type NodeAddress } from './thrift-client.js';
import type { ThriftValue } from './thrift-wire.js';

/** contrib/fb303 of Apache Thrift: the ready-made contract for "what does this service do". */
export const FB_STATUS = ['DEAD', 'STARTING', 'ALIVE', 'STOPPING', 'STOPPED', 'WARNING'] as const;
export type FbStatus = (typeof FB_STATUS)[number];

export interface Fb303Answer {
  readonly code: FbStatus;
  readonly details: string;
  readonly counters: Readonly<Record<string, number>>;
}

type Part = 'details' | 'counters';

/** getStatus, and what else is asked for, on one new connection. What is not asked for is empty. */
export async function askFb303(address: NodeAddress, limits: AskLimits, parts: readonly Part[]): Promise<Fb303Answer> {
  const methods = [
    'getStatus',
    ...(parts.includes('details') ? ['getStatusDetails'] : []),
    ...(parts.includes('counters') ? ['getCounters'] : []),
  ];
  const answers = await askThrift(address, methods, limits);
  const of = (method: string): ThriftValue | undefined => answers[methods.indexOf(method)];
  const wrong = (method: string, expected: string): never => {
    throw new DcrError('RPC', `${addressText(address)}: ${method} answers no ${expected}. Is this an fb303 service?`);
  };
  const status = of('getStatus');
  const code = typeof status === 'number' ? FB_STATUS[status] : undefined;
  if (code === undefined) return wrong('getStatus', `fb_status (0 to ${FB_STATUS.length - 1})`);
  const details = methods.includes('getStatusDetails') ? of('getStatusDetails') : '';
  if (typeof details !== 'string') return wrong('getStatusDetails', 'string');
  return {
    code,
    details,
    counters: methods.includes('getCounters') ? (readCounters(of('getCounters')) ?? wrong('getCounters', 'map<string, i64>')) : {},
  };
}

/** Counters beyond 2^53 lose their last digits; nothing that is counted here comes near. */
function readCounters(value: ThriftValue | undefined): Record<string, number> | undefined {
  if (!Array.isArray(value)) return undefined;
  const counters: Record<string, number> = Object.create(null) as Record<string, number>;
  for (const pair of value as readonly ThriftValue[]) {
    if (!Array.isArray(pair)) return undefined;
    const [name, count] = pair as readonly ThriftValue[];
    if (typeof name !== 'string' || (typeof count !== 'bigint' && typeof count !== 'number')) return undefined;
    counters[name] = Number(count);
  }
  return counters;
}
