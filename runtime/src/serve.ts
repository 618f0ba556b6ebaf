import { setMaxListeners } from 'node:events';
import type { Logger } from 'pino';
import { tellProbeGaps } from './check-online.js';
import { MINUTE_MS, systemClock } from './clock.js';
import type { Config } from './config.js';
import { createManager } from './create-manager.js';
import { destinationTools } from './destination-tools.js';
import { asError, RouterError } from './errors.js';
import type { Event } from './event/event.js';
import { createHttpServer } from './http/server.js';
import type { Journal } from './journal/journal.js';
import type { Unfinished } from './journal/records.js';
import { loadRoutes } from './load-routes.js';
import type { FreeSpace } from './log/disk-space.js';
import { letterId, type RawPosition } from './log/kafka/dead-letter.js';
import type { Log } from './log/log.js';
import { parseJson } from './manager/json-body.js';
import { readPayload } from './manager/payload.js';
import { createMetrics } from './metrics.js';
import { createLogger } from './observe.js';
import { openEmbeddedLog } from './open-embedded-log.js';
import { openKafkaLog } from './open-kafka-log.js';
import type { OpenLog, OpenLogPorts } from './open-log.js';
import { Pipeline } from './pipeline.js';
import { systemRandom } from './random.js';
import { ReadinessCheck } from './readiness.js';
import { type LetterPorts, letterDesk, noLetters } from './replay-letters.js';
import { rolesOf } from './roles.js';
import { createRunLog } from './run-log.js';
import { unreadableSecrets } from './secret-files.js';
import { sendCommand } from './send-command.js';
import { View } from './view/view.js';
import { routerReaders } from './watch-router.js';
import { ACTIONS, DESTINATION_KINDS } from './workflow/actions/registry.js';
import { openDestinations } from './workflow/destinations.js';
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

const RUN_QUEUE = { queue: 2_000, queueBytes: 16 * 1_048_576 };
const ACCEPT_BATCH = { batch: 256, batchBytes: 4 * 1_048_576 };

/** What is there once the log is open. */
interface Core {
  readonly opened: OpenLog;
  readonly pipeline: Pipeline;
  readonly view: View | undefined;
}

/**
 * The composition root of `sre-router serve`. HTTP answers first, so that /readyz can say what is waited for; then the log is opened, and the roles begin.
 * Resolves when they have begun; with Kafka as soon as HTTP answers, since brokers and topics may be long in coming: what patience cannot help goes to `onLost`.
 */
export async function serve(config: Config, options: ServeOptions = {}): Promise<RunningRouter> {
  const clock = systemClock;
  const logger = options.logger ?? createLogger();
  const version = options.version ?? '0.0.0';
  const roles = rolesOf(config.role);
  const metrics = createMetrics();
  const routes = await loadRoutes(config, logger, metrics);
  const manager = createManager(config, clock, systemRandom, logger, metrics);
  const tools = destinationTools(version);
  let core: Core | undefined;
  const destinations = openDestinations(
    roles.routes ? config.destinations : {},
    DESTINATION_KINDS,
    tools,
    clock,
    () => core?.opened.share(core.pipeline.partitions().length) ?? 1,
  );
  if (roles.routes)
    for (const { destination, problem } of unreadableSecrets(config.destinations, (file) => tools.secret(file)))
      logger.warn({ destination }, `${problem} Steps that need it wait until it can be read.`);
  const writes = new WriteHealth(clock);
  const shutdown = new AbortController();
  const stopping = new AbortController();
  // Each call under way listens once; a hundred listeners are no leak.
  setMaxListeners(0, shutdown.signal);
  const state = { waitsFor: 'the log to open' as string | undefined, lost: undefined as Error | undefined };
  const isStopping = (): boolean => stopping.signal.aborted;
  const lost = (error: Error): void => {
    if (state.lost !== undefined || isStopping()) return;
    state.lost = error;
    logger.fatal({ err: error }, 'the router cannot go on; it must be started again');
    options.onLost?.(error);
  };
  /** Once the log is open. */
  const need = (): Core => {
    if (core === undefined) throw new RouterError('STARTING', `The router is starting and waits for ${state.waitsFor ?? 'its log'}.`);
    return core;
  };
  const needView = (): View => {
    const { view } = need();
    if (view === undefined)
      throw new RouterError(
        'NOT_FOUND',
        `This process has the role ${config.role}; questions and commands are for one with role api or all.`,
      );
    return view;
  };
  const raw = (record: RawPosition, body: Buffer, headers: Readonly<Record<string, string>>): readonly Event[] =>
    manager.raw(rawSources(config), { body, headers }, letterId(record));
  const needLetters = (): LetterPorts => {
    const { opened, pipeline } = need();
    needView();
    if (opened.letters === undefined) throw noLetters();
    return { clock, logger, letters: opened.letters, decode: raw, append: (events) => pipeline.append(events) };
  };
  const readiness = new ReadinessCheck({
    clock,
    waitsFor: () => state.waitsFor,
    isStopping,
    lost: () => state.lost,
    problem: () => core?.opened.problem() ?? writes.problem(),
    // It resumes at nine tenths.
    isPaused: () => (core?.pipeline.unfinished() ?? 0) >= config.limits.unfinishedCount * 0.9,
    positions: () => core?.pipeline.partitions().map(({ id, ledger }) => ({ partition: id, next: ledger.next })) ?? [],
    end: async (partition) => (await core?.opened.log.end(partition)) ?? 0,
  });
  metrics.watch(
    routerReaders({
      nowMs: () => clock.nowMs(),
      partitions: () => core?.pipeline.partitions() ?? [],
      destinations: () => destinations.values(),
      rawTotals: () => core?.opened.rawTotals() ?? new Map(),
      viewBehind: () => core?.view?.behind(),
      isReady: async () => (await readiness.check()).ready,
      version,
      mappings: routes.table.hash.slice(0, 12),
    }),
  );
  const http = createHttpServer({
    ...config.http,
    clock,
    version,
    tokensFile: config.http.auth.tokensFile,
    bodyBytes: config.limits.bodyBytes,
    view: {
      event: (id) => needView().event(id),
      events: (query) => needView().events(query),
      incident: (key) => needView().incident(key),
      incidents: (query) => needView().incidents(query),
      absent: (what) => needView().absent(what),
    },
    async ingest(source, raw, headers) {
      if (isStopping()) throw new RouterError('STOPPING', 'The router is stopping; send it again.');
      const { pipeline } = need();
      if (!roles.ingests)
        throw new RouterError('NOT_FOUND', `This process has the role ${config.role}; events are taken by one with role ingest or all.`);
      return pipeline.ingest(source, await readPayload(raw, headers, config.limits.bodyBytes));
    },
    command: async (command) =>
      sendCommand(command, { view: needView(), pipeline: need().pipeline, manager, nowIso: () => new Date(clock.nowMs()).toISOString() }),
    letters: letterDesk(needLetters),
    readJson: (body) => parseJson(body, { maxDepth: config.limits.depth, maxEntries: config.limits.alertCount }),
    readiness: () => readiness.check(),
    mappings: () => ({ hash: routes.table.hash, routes: routes.list.map((route) => ({ ...route })) }),
    metricsText: () => metrics.text(),
    metricsType: metrics.contentType,
    answered(endpoint, status, seconds) {
      metrics.count('httpRequests', { endpoint, status: String(status) });
      metrics.observe('httpDuration', { endpoint }, seconds);
    },
    onError: (error) => logger.error({ err: error }, 'a request failed'),
  });

  const open = async (): Promise<Core> => {
    const ports: OpenLogPorts = {
      clock,
      logger,
      roles,
      secret: (file) => tools.secret(file),
      waiting: (what) => {
        state.waitsFor = `Kafka: ${what}`;
      },
      stopping: stopping.signal,
      broken: lost,
      damaged: () => metrics.count('damaged', {}),
      gap: (count) => metrics.count('lostToRetention', {}, count),
      freeSpace: options.freeSpace,
    };
    const opened = config.log.kind === 'kafka' ? await openKafkaLog(config, ports) : openEmbeddedLog(config, ports);
    const log = writes.log(options.wrapLog?.(opened.log) ?? opened.log);
    const journal = writes.journal(options.wrapJournal?.(opened.journal) ?? opened.journal);
    const pipeline = new Pipeline(
      {
        clock,
        random: systemRandom,
        log,
        journal,
        routes: () => routes.table,
        action: (name) => ACTIONS[name],
        destination: (name) => destinations.get(name),
        mayStart: () => !isStopping() && state.lost === undefined,
        shutdown: shutdown.signal,
        decode: async (source, payload) => manager.decode(source, payload),
        lost: (partition, error) => opened.lost(partition, error),
        ...createRunLog(logger, metrics, routes.types, () => clock.nowMs()),
        unreadable: (offset, detail) => logger.error({ offset, detail }, 'a record of the log is no event; it is quarantined'),
      },
      {
        running: config.workflow.runningCount,
        reopenWithinMs: config.incidents.reopenWithinMs,
        expireAfterMs: config.incidents.expireAfterMs,
        dedupeWindowMs: config.incidents.dedupeWindowMs,
        ...ACCEPT_BATCH,
        ...RUN_QUEUE,
        unfinished: config.limits.unfinishedCount,
      },
    );
    const liveState = (eventId: string): Unfinished | undefined =>
      pipeline.partitions().flatMap((owned) => owned.stateOf(eventId) ?? [])[0];
    const view = opened.view && new View({ ...opened.view, routes: () => routes.table, liveState });
    return { opened, pipeline, view };
  };

  let cancelTrim = (): void => undefined;
  const trimSoon = ({ opened, pipeline }: Core): void => {
    cancelTrim = clock.after(MINUTE_MS, () => {
      Promise.all([pipeline.trim(config.log.retentionMs, opened.trimmable), opened.trim()])
        .catch((error: unknown) => logger.error({ err: error }, 'trimming failed; it is tried again'))
        .finally(() => trimSoon({ opened, pipeline, view: undefined }));
    });
  };
  const start = async (): Promise<void> => {
    const begun = await open();
    core = begun;
    state.waitsFor = 'what was unfinished to be restored';
    if (roles.routes) await begun.pipeline.start();
    if (roles.ingests)
      begun.opened.startRaw({
        append: (records) => writes.watch(() => begun.opened.log.append(records)),
        decode: (record) => raw(record, record.value, record.headers),
        hasRoom: () => begun.pipeline.unfinished() < config.limits.unfinishedCount,
      });
    state.waitsFor = undefined;
    if (roles.routes)
      void tellProbeGaps(destinations.values(), routes.uses, (destination, sentence) => logger.warn({ destination }, sentence));
    trimSoon(begun);
    logger.info({ url, role: config.role, routes: routes.list.length, unfinished: begun.pipeline.unfinished() }, 'ready');
  };

  const url = await http.listen();
  const started = start();
  const stop = async (): Promise<void> => {
    stopping.abort();
    cancelTrim();
    const cancelGrace = clock.after(config.workflow.graceMs, () => shutdown.abort());
    await http.close();
    await started.catch(() => undefined);
    cancelTrim();
    await core?.opened.close();
    cancelGrace();
    for (const { gate } of destinations.values()) gate.stop();
    await tools.close();
  };
  if (config.log.kind === 'kafka')
    started.catch((error: unknown) => {
      if (!isStopping()) lost(asError(error));
    });
  else
    await started.catch(async (error: unknown) => {
      await stop();
      throw error;
    });
  return {
    url,
    async stop() {
      await stop();
      logger.info('stopped; what is unfinished goes on at the next start');
    },
  };
}

/** Those that are configured. */
function rawSources(config: Config): readonly string[] {
  return config.log.rawSources.filter((name) => Object.hasOwn(config.sources, name));
}
