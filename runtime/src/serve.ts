import { setMaxListeners } from 'node:events';
import type { Logger } from 'pino';
import { catalogOf } from './catalog.js';
import { tellProbeGaps } from './check-online.js';
import { MINUTE_MS, systemClock } from './clock.js';
import type { Config } from './config.js';
import { destinationTools } from './destination-tools.js';
import { RouterError } from './errors.js';
import { EVENT_TYPES } from './event/types.js';
import { createHttpServer } from './http/server.js';
import type { Journal } from './journal/journal.js';
import { UNFINISHED, type Unfinished } from './journal/records.js';
import type { FreeSpace } from './log/disk-space.js';
import { openEmbedded } from './log/embedded.js';
import type { Log } from './log/log.js';
import { parseJson } from './manager/json-body.js';
import { Manager } from './manager/manager.js';
import { readPayload } from './manager/payload.js';
import { literalUses } from './mapper/literal-uses.js';
import { loadMappings, readMappingFolder } from './mapper/load.js';
import { createRouteTable } from './mapper/route-table.js';
import { createMetrics, type MetricsReaders } from './metrics.js';
import { createLogger } from './observe.js';
import { Pipeline } from './pipeline.js';
import { systemRandom } from './random.js';
import { ReadinessCheck } from './readiness.js';
import { createRunLog } from './run-log.js';
import { unreadableSecrets } from './secret-files.js';
import { sendCommand } from './send-command.js';
import { compileSourceKeys } from './source-keys.js';
import { View } from './view/view.js';
import { ACTIONS, DESTINATION_KINDS } from './workflow/actions/registry.js';
import { openDestinations } from './workflow/destinations.js';
import type { Gate } from './workflow/gate.js';
import { WriteHealth } from './write-health.js';

export interface ServeOptions {
  readonly logger?: Logger;
  readonly version?: string;
  /** Called when the router cannot go on (the log refuses writes): the process should end and be started again. */
  readonly onLost?: (error: Error) => void;
  /** Tests put a journal in between that crashes at a boundary. */
  readonly wrapJournal?: (journal: Journal) => Journal;
  /** Tests put a log in between that hangs or refuses. */
  readonly wrapLog?: (log: Log) => Log;
  /** Tests let the disk seem full. */
  readonly freeSpace?: () => FreeSpace;
}

export interface RunningRouter {
  readonly url: string;
  /** Takes no more work, lets steps finish for at most workflow.grace, journals the rest, closes the log. */
  stop(): Promise<void>;
}

const RUN_QUEUE = 2_000;
const ACCEPT_BATCH = 256;
const INTERNAL_TYPES = ['router.command', 'router.digest', 'router.expiry', 'router.poison', 'router.unreadable'];

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
      metrics.count('whenErrors', { route });
      logger.warn({ event: event.id, key: event.partitionkey, route, detail }, "the route's when failed; it counts as no match");
    },
  });
  const keys = compileSourceKeys(config.sources, ({ source, event, detail }) => {
    metrics.count('keyErrors', { source });
    logger.warn({ event: event.id, source, detail }, "the source's key failed; the event gets its default key");
  });
  const { freeSpace } = options;
  const store = openEmbedded({ dir: config.log.dir, clock, ...(freeSpace === undefined ? {} : { freeSpace }) });
  const writes = new WriteHealth(clock);
  const log = writes.log(options.wrapLog?.(store) ?? store);
  const journal = writes.journal(options.wrapJournal?.(store) ?? store);
  store.onDamaged(({ partition, key, store: where }) => {
    metrics.count('damaged', {});
    logger.error({ partition, key, store: where }, 'a stored value does not match its checksum; it is set aside under "damaged"');
  });
  const tools = destinationTools(version);
  for (const { destination, problem } of unreadableSecrets(config.destinations, (file) => tools.secret(file)))
    logger.warn({ destination }, `${problem} Steps that need it wait until it can be read.`);
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
    unknownType: () => metrics.count('unknownType', {}),
  });
  const shutdown = new AbortController();
  // Each call under way listens once; a hundred listeners are no leak.
  setMaxListeners(0, shutdown.signal);
  const state = { stopping: false, started: false, lost: undefined as Error | undefined, full: undefined as Error | undefined };
  const lost = (error: Error): void => {
    if (state.lost !== undefined) return;
    state.lost = error;
    logger.fatal({ err: error }, 'the log refuses writes; the router must be started again');
    options.onLost?.(error);
  };
  store.onBroken(lost);
  store.onFull((why) => {
    state.full = why;
    if (why === undefined) logger.info('the disk has space again; the router goes on');
    else logger.error({ err: why }, 'the disk is full');
  });
  const pipeline = new Pipeline(
    {
      clock,
      random: systemRandom,
      log,
      journal,
      routes: () => routes,
      action: (name) => ACTIONS[name],
      destination: (name) => destinations.get(name),
      mayStart: () => !state.stopping && state.lost === undefined,
      shutdown: shutdown.signal,
      decode: async (source, payload) => manager.decode(source, payload),
      lost,
      ...createRunLog(logger, metrics, knownTypes(loaded.routes), () => clock.nowMs()),
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
  const readiness = new ReadinessCheck({
    clock,
    isStarted: () => state.started,
    isStopping: () => state.stopping,
    lost: () => state.lost,
    writeProblem: () => state.full?.message ?? writes.problem(),
    // It resumes at nine tenths.
    isPaused: () => pipeline.unfinished() >= config.limits.unfinishedCount * 0.9,
    positions: () => pipeline.partitions().map(({ id, ledger }) => ({ partition: id, next: ledger.next })),
    end: (partition) => log.end(partition),
  });
  const perDestination = (read: (gate: Gate) => number) => () =>
    [...destinations.values()].map(({ name, gate }) => ({ labels: { destination: name }, value: read(gate) }));
  metrics.watch({
    ...pipelineReaders(pipeline, () => clock.nowMs()),
    ready: async () => [{ labels: {}, value: (await readiness.check()).ready ? 1 : 0 }],
    inFlight: perDestination((gate) => gate.inside),
    destinationWaiting: perDestination((gate) => gate.waiting),
    breakerOpen: perDestination((gate) => (gate.open ? 1 : 0)),
    info: () => [{ labels: { version, mappings: routes.hash.slice(0, 12) }, value: 1 }],
  });
  const liveState = (eventId: string): Unfinished | undefined => pipeline.partitions().flatMap((owned) => owned.stateOf(eventId) ?? [])[0];
  const view = new View({ log, journal, routes: () => routes, liveState });
  const http = createHttpServer({
    ...config.http,
    clock,
    version,
    tokensFile: config.http.auth.tokensFile,
    bodyBytes: config.limits.bodyBytes,
    view,
    async ingest(source, raw, headers) {
      if (state.stopping) throw new RouterError('STOPPING', 'The router is stopping; send it again.');
      return pipeline.ingest(source, await readPayload(raw, headers, config.limits.bodyBytes));
    },
    command: (command) => sendCommand(command, { view, pipeline, manager, nowIso: () => new Date(clock.nowMs()).toISOString() }),
    readJson: (body) => parseJson(body, { maxDepth: config.limits.depth, maxEntries: config.limits.alertCount }),
    readiness: () => readiness.check(),
    mappings: () => ({
      hash: routes.hash,
      routes: loaded.routes.map(({ name, type, mode, critical, hash }) => ({ name, type, mode, critical, hash })),
    }),
    metricsText: () => metrics.text(),
    metricsType: metrics.contentType,
    answered(endpoint, status, seconds) {
      metrics.count('httpRequests', { endpoint, status: String(status) });
      metrics.observe('httpDuration', { endpoint }, seconds);
    },
    onError: (error) => logger.error({ err: error }, 'a request failed'),
  });
  const url = await http.listen().catch(async (error: unknown) => {
    await store.close();
    throw error;
  });
  await pipeline.start().catch(async (error: unknown) => {
    await http.close();
    await store.close();
    throw error;
  });
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

/** Types with a metric label of their own: those with a schema, those that routes take, and the router's. */
function knownTypes(routes: readonly { readonly type: string }[]): ReadonlySet<string> {
  return new Set([...Object.keys(EVENT_TYPES), ...routes.map(({ type }) => type), ...INTERNAL_TYPES]);
}

function pipelineReaders(
  pipeline: Pipeline,
  nowMs: () => number,
): Pick<MetricsReaders, 'unfinished' | 'conservation' | 'oldestUnfinished'> {
  return {
    unfinished: () =>
      UNFINISHED.map((state) => ({
        labels: { state },
        value: pipeline.partitions().reduce((sum, partition) => sum + partition.unfinishedByState()[state], 0),
      })),
    conservation: () => [{ labels: {}, value: pipeline.partitions().reduce((sum, partition) => sum + partition.conservation, 0) }],
    oldestUnfinished() {
      const oldest = pipeline.partitions().flatMap((partition) => partition.oldestUnfinishedMs() ?? []);
      return [{ labels: {}, value: oldest.length === 0 ? 0 : Math.max(0, nowMs() - Math.min(...oldest)) / 1_000 }];
    },
  };
}
