import type { Clock } from '../clock.js';
import type { DestinationKind, DestinationTools } from './action.js';
import { Gate } from './gate.js';
import type { OpenDestination } from './runner.js';

/** One destination as configured: what all kinds share, and the settings of its kind, already validated by that kind's schema. */
export interface DestinationConfig {
  readonly kind: string;
  readonly concurrency: number;
  readonly timeoutMs: number;
  readonly budget?: { readonly perSecond: number; readonly per: 'channel' | 'destination' } | undefined;
  readonly breaker: { readonly failures: number; readonly cooldownMs: number };
  readonly settings: unknown;
}

/** Opens every destination once. A destination whose kind is unknown was refused by the configuration; its steps park. */
export function openDestinations(
  configs: Readonly<Record<string, DestinationConfig>>,
  kinds: Readonly<Record<string, DestinationKind>>,
  tools: DestinationTools,
  clock: Clock,
  share: () => number,
): ReadonlyMap<string, OpenDestination> {
  const open = new Map<string, OpenDestination>();
  for (const [name, config] of Object.entries(configs)) {
    const kind = kinds[config.kind];
    if (kind === undefined) continue;
    const rules = {
      concurrency: config.concurrency,
      ...(config.budget === undefined ? {} : { perSecond: config.budget.perSecond }),
      breakerFailures: config.breaker.failures,
      breakerCooldownMs: config.breaker.cooldownMs,
    };
    open.set(name, {
      name,
      kind: config.kind,
      client: kind.open(name, config.settings, tools),
      gate: new Gate(clock, rules, share),
      timeoutMs: config.timeoutMs,
      perChannel: config.budget?.per === 'channel',
    });
  }
  return open;
}
