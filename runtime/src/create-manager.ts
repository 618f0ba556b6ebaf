import type { Logger } from 'pino';
import type { Clock, Random } from './clock.js';
import type { Config } from './config.js';
import { Manager } from './manager/manager.js';
import type { Metrics } from './metrics.js';
import { compileSourceKeys } from './source-keys.js';

/** The event manager with the configured sources; a source's key that fails is told, and the event gets its default key. */
export function createManager(config: Config, clock: Clock, random: Random, logger: Logger, metrics: Metrics): Manager {
  const keys = compileSourceKeys(config.sources, ({ source, event, detail }) => {
    metrics.count('keyErrors', { source });
    logger.warn({ event: event.id, source, detail }, "the source's key failed; the event gets its default key");
  });
  return new Manager({
    sources: Object.fromEntries(
      Object.entries(config.sources).map(([name, { kind, settings }]) => [name, { kind, settings, keyOf: keys[name] }]),
    ),
    limits: { maxEntries: config.limits.alertCount, maxDepth: config.limits.depth, eventBytes: config.limits.eventBytes },
    clock,
    random,
    unknownType: () => metrics.count('unknownType', {}),
  });
}
