import { setMaxListeners } from 'node:events';
import type { Logger } from 'pino';
import { catalogOf } from './catalog.js';
import { tellProbeGaps } from './check-online.js';
import { MINUTE_MS, systemClock } from './clock.js';
import type { Config } from './config.js';
import { destinationTools } from './destination-tools.js';
import { RouterError } from './errors.js';
import { createHttpServer } from './http/server.js';
import type { Journal } from './journal/journal.js';
import { openEmbedded } from './log/embedded.js';
import { Manager } from './manager/manager.js';
import { readPayload } from './manager/payload.js';
import { literalUses } from './mapper/literal-uses.js';
import { loadMappings, readMappingFolder } from './mapper/load.js';
import { createRouteTable } from './mapper/route-table.js';
import { createLogger, createMetrics } from './observe.js';
import { Pipeline } from './pipeline.js';
import { systemRandom } from './random.js';
import { sendCommand } from './send-command.js';
import { compileSourceKeys } from './source-keys.js';
import { createView } from './view/view.js';
import { ACTIONS, DESTINATION_KINDS } from './workflow/actions/registry.js';
import { openDestinations } from './workflow/destinations.js';

export interface ServeOptions {
  readonly logger?: Logger;
  readonly version?: string;
  /** Called when the router cannot go on (the log refuses writes): the process should end and be started again. */
  readonly onLost?: (error: Error) => void;
  /** Tests put a journal in between that crashes at a boundary. */
  readonly wrapJournal?: (journal: Journal) => Journal;
}

export interface RunningRouter {
  readonly url: string;
  /** Takes no more work, lets steps finish for at most workflow.grace, journals the rest, closes the log. */
  stop(): Promise<void>;
}

const RUN_QUEUE = 2_000;
const ACCEPT_BATCH = 256;

/** The composition root of `sre-router serve`: one process with every role on the embedded log. */
export async function serve(config: Config, options: ServeOptions = {}): Promise<RunningRouter> {
  const clock = systemClock;
  const logger = options.logger ?? createLogger();
  const version = options.version ?? '0.0.0';
  const metrics = createMetrics();
  const catalog = catalogOf(config);
  const mappingFiles = await readMappingFolder(config.mappings);
  const loaded = loadMappings(mappingFiles, catalog);
  const routes = createRouteTable(loaded.routes, {
    catalog,
    onWhenError: ({ route, event, detail }) => {
      metrics.whenErrors.inc({ route });
      logger.warn({ route, event: event.id, detail }, "the route's when failed; it counts as no match");
    },
  });
  const keys = compileSourceKeys(config.sources, ({ source, event, detail }) => {
    metrics.keyErrors.inc({ source });
    logger.warn({ source, event: event.id, detail }, "the source's key failed; the event gets its default key");
  });
  const store = openEmbedded({ dir: config.log.dir, clock });
  const journal = options.wrapJournal?.(store) ?? store;
  store.onDamaged(({ partition, key, store: where }) => {
    metrics.damaged.inc();
    logger.error({ partition, key, store: where }, 'a stored value does not match its checksum; it is set aside under "damaged"');
  });
  const tools = destinationTools(version);
  const destinations = openDestinations(
    Object.fromEntries(
      Object.entries(config.destinations).map(([name, given]) => [
        name,
        { ...given, budget: given.budget ?? DESTINATION_KINDS[given.kind]?.defaultBudget },
      ]),
    ),
    DESTINATION_KINDS,
    tools,
    clock,
    () => 1,
  );
  const manager = new Manager({
    sources: Object.fromEntries(
      Object.entries(config.sources).map(([name, source]) => [name, { kind: source.kind, settings: source.settings, keyOf: keys[name] }]),
    ),
    limits: { maxEntries: config.limits.alertCount, maxDepth: config.limits.depth, eventBytes: config.limits.eventBytes },
    clock,
    random: systemRandom,
    unknownType: () => metrics.unknownType.inc(),
  });
  const shutdown = new AbortController();
  // Each call under way listens once; a hundred listeners are no leak.
  setMaxListeners(0, shutdown.signal);
  const state = { stopping: false, started: false, lost: undefined as Error | undefined };
  const pipeline = new Pipeline(
    {
      clock,
      random: systemRandom,
      log: store,
      journal,
      routes: () => routes,
      action: (name) => ACTIONS[name],
      destination: (name) => destinations.get(name),
      mayStart: () => !state.stopping && state.lost === undefined,
      shutdown: shutdown.signal,
      decode: async (source, payload) => manager.decode(source, payload),
      lost(error) {
        if (state.lost !== undefined) return;
        state.lost = error;
        logger.fatal({ err: error }, 'the log refuses writes; the router must be started again');
        options.onLost?.(error);
      },
      received: (event) => metrics.received.inc({ type: event.type }),
      ended({ eventId, outcome, reason, meaning }) {
        metrics.outcomes.inc({ outcome });
        logger.info({ event: eventId, outcome, reason, meaning }, `event ${outcome}`);
      },
      report(step) {
        metrics.stepAttempts.inc({ action: step.action, result: step.result });
        if (step.durationMs !== undefined)
          metrics.stepDuration.observe({ action: step.action, result: step.result }, step.durationMs / 1_000);
        const { eventId, action, ...rest } = step;
        logger.info({ event: eventId, ...rest }, `${action} ${step.result}`);
      },
      unreadable: (offset, detail) => logger.error({ offset, detail }, 'a record of the log is no event; it is quarantined'),
    },
    {
      running: config.workflow.runningCount,
      reopenWithinMs: config.incidents.reopenWithinMs,
      expireAfterMs: config.incidents.expireAfterMs,
      dedupeWindowMs: config.incidents.dedupeWindowMs,
      batch: ACCEPT_BATCH,
      queue: RUN_QUEUE,
      unfinished: config.limits.unfinishedCount,
    },
  );
  metrics.watch({
    unfinished: () => sumStates(pipeline),
    conservation: () => pipeline.partitions().reduce((sum, partition) => sum + partition.conservation, 0),
    oldestUnfinishedSeconds() {
      const oldest = pipeline.partitions().flatMap((partition) => partition.oldestUnfinishedMs() ?? []);
      return oldest.length === 0 ? 0 : Math.max(0, clock.nowMs() - Math.min(...oldest)) / 1_000;
    },
    destinations: () =>
      [...destinations.values()].map(({ name, gate }) => ({ name, inFlight: gate.inside, waiting: gate.waiting, open: gate.open })),
  });
  const view = createView({ log: store, journal, routes: () => routes });
  const http = createHttpServer({
    ...config.http,
    tokensFile: config.http.auth.tokensFile,
    bodyBytes: config.limits.bodyBytes,
    view,
    async ingest(source, raw, headers) {
      if (state.stopping) throw new RouterError('STOPPING', 'The router is stopping; send it again.');
      return pipeline.ingest(source, await readPayload(raw, headers, config.limits.bodyBytes));
    },
    command: (command) => sendCommand(command, { view, pipeline, manager, nowIso: () => new Date(clock.nowMs()).toISOString() }),
    readiness() {
      const reasons = [
        ...(state.started ? [] : ['restoring what was unfinished']),
        ...(state.stopping ? ['stopping'] : []),
        ...(state.lost === undefined ? [] : [`the log refuses writes: ${state.lost.message}`]),
      ];
      return { ready: reasons.length === 0, reasons };
    },
    mappings: () => ({
      hash: routes.hash,
      routes: loaded.routes.map(({ name, type, mode, critical, hash }) => ({ name, type, mode, critical, hash })),
    }),
    metricsText: () => metrics.registry.metrics(),
    metricsType: metrics.registry.contentType,
    onError: (error) => logger.error({ err: error }, 'a request failed'),
  });
  const url = await http.listen().catch(async (error: unknown) => {
    await store.close();
    throw error;
  });
  await pipeline.start();
  state.started = true;
  void tellProbeGaps(destinations.values(), literalUses(mappingFiles, catalog), (destination, sentence) =>
    logger.warn({ destination }, sentence),
  );
  let cancelTrim = (): void => undefined;
  const trim = (): void => {
    cancelTrim = clock.after(MINUTE_MS, () => {
      pipeline
        .trim(config.log.retentionMs)
        .catch((error: unknown) => logger.error({ err: error }, 'trimming failed; it is tried again'))
        .finally(trim);
    });
  };
  trim();
  logger.info({ url, routes: loaded.routes.length, unfinished: pipeline.unfinished() }, 'ready');
  return {
    url,
    async stop() {
      state.stopping = true;
      cancelTrim();
      const cancelGrace = clock.after(config.workflow.graceMs, () => shutdown.abort());
      await http.close();
      await store.close();
      cancelGrace();
      for (const { gate } of destinations.values()) gate.stop();
      await tools.close();
      logger.info('stopped; what is unfinished goes on at the next start');
    },
  };
}

function sumStates(pipeline: Pipeline): Record<string, number> {
  const sum: Record<string, number> = { running: 0, waiting: 0, parked: 0, ambiguous: 0 };
  for (const partition of pipeline.partitions())
    for (const [state, count] of Object.entries(partition.unfinishedByState())) sum[state] = (sum[state] ?? 0) + count;
  return sum;
}
