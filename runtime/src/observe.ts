import { type DestinationStream, type Logger, pino } from 'pino';
import pretty from 'pino-pretty';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Json } from './event/event.js';
import { cleanForTerminal, redactJson } from './redact.js';

/** What gauges read when they are scraped. */
export interface MetricsReaders {
  unfinished(): Readonly<Record<string, number>>;
  conservation(): number;
  oldestUnfinishedSeconds(): number;
  destinations(): readonly { name: string; inFlight: number; waiting: number; open: boolean }[];
}

export interface Metrics {
  readonly registry: Registry;
  readonly received: Counter<'type'>;
  readonly outcomes: Counter<'outcome'>;
  readonly stepDuration: Histogram<'action' | 'result'>;
  readonly stepAttempts: Counter<'action' | 'result'>;
  readonly whenErrors: Counter<'route'>;
  readonly keyErrors: Counter<'source'>;
  readonly unknownType: Counter;
  readonly damaged: Counter;
  watch(readers: MetricsReaders): void;
}

const PREFIX = 'sre_router_';
const MAX_TYPE_LABELS = 200;

/** A registry of its own: two routers in one process (tests) do not meet. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const counter = <T extends string>(name: string, help: string, labelNames: T[] = []): Counter<T> =>
    new Counter({ name: PREFIX + name, help, labelNames, registers });
  const gauge = <T extends string>(name: string, help: string, labelNames: T[], collect: (self: Gauge<T>) => void): void => {
    void new Gauge<T>({
      name: PREFIX + name,
      help,
      labelNames,
      registers,
      collect() {
        collect(this);
      },
    });
  };
  const types = new Set<string>();
  const received = counter('received_total', 'Events taken from the log for the first time.', ['type']);
  const inc = received.inc.bind(received);
  // Types come from outside: beyond a bound they share one label value.
  received.inc = ((labels: { type: string }): void => {
    if (types.size < MAX_TYPE_LABELS) types.add(labels.type);
    inc({ type: types.has(labels.type) ? labels.type : 'other' });
  }) as typeof received.inc;
  return {
    registry,
    received,
    outcomes: counter('outcomes_total', 'Events that ended, by outcome.', ['outcome']),
    stepDuration: new Histogram({
      name: `${PREFIX}step_duration_seconds`,
      help: 'Duration of calls to destinations.',
      labelNames: ['action', 'result'],
      buckets: [0.005, 0.02, 0.1, 0.5, 2, 10, 60],
      registers,
    }),
    stepAttempts: counter('step_attempts_total', 'How steps came out, attempts and skips included.', ['action', 'result']),
    whenErrors: counter('when_errors_total', "Errors in a route's when, which count as no match.", ['route']),
    keyErrors: counter('key_errors_total', "Errors in a source's key, whose events got their default key.", ['source']),
    unknownType: counter('unknown_type_total', 'Events of a type without schema.'),
    damaged: counter('damaged_total', 'Stored values that failed their checksum and were set aside.'),
    watch(readers) {
      gauge('unfinished', 'Unfinished runs, by state.', ['state'], (self) => {
        for (const [state, count] of Object.entries(readers.unfinished())) self.set({ state } as never, count);
      });
      gauge('conservation', 'received - outcomes - unfinished. Must be 0.', [], (self) => self.set(readers.conservation()));
      gauge('oldest_unfinished_seconds', 'Age of the oldest unfinished run.', [], (self) => self.set(readers.oldestUnfinishedSeconds()));
      gauge('in_flight', 'Calls under way, by destination.', ['destination'], (self) => {
        for (const { name, inFlight } of readers.destinations()) self.set({ destination: name } as never, inFlight);
      });
      gauge('destination_waiting', "Steps that wait for a destination's budget, concurrency or breaker.", ['destination'], (self) => {
        for (const { name, waiting } of readers.destinations()) self.set({ destination: name } as never, waiting);
      });
      gauge('breaker_open', "1 while a destination's breaker is open.", ['destination'], (self) => {
        for (const { name, open } of readers.destinations()) self.set({ destination: name } as never, open ? 1 : 0);
      });
    },
  };
}

export interface LogOptions {
  /** pino level. Default info. */
  readonly level?: string;
  /** Readable lines instead of JSON: a terminal. */
  readonly readable?: boolean;
  readonly destination?: DestinationStream;
}

/** JSON lines; secrets redacted, control characters made visible. */
export function createLogger({ level = 'info', readable = false, destination }: LogOptions = {}): Logger {
  const options = {
    level,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: {
      level: (label: string) => ({ level: label }),
      log: (fields: Record<string, unknown>) => redactJson(clean(fields)) as Record<string, unknown>,
    },
    hooks: {
      logMethod(this: Logger, args: Parameters<Logger['info']>, method: Logger['info']): void {
        const last = args.length - 1;
        const message = args[last];
        if (typeof message === 'string') (args as unknown[])[last] = redactJson(cleanForTerminal(message));
        method.apply(this, args);
      },
    },
  };
  if (destination !== undefined) return pino(options, destination);
  return readable
    ? pino(
        options,
        pretty({
          sync: true,
          colorize: process.stdout.isTTY === true,
          translateTime: 'SYS:HH:MM:ss.l',
          ignore: 'pid,hostname',
          singleLine: true,
        }),
      )
    : pino(options);
}

function clean(value: unknown): Json {
  if (typeof value === 'string') return cleanForTerminal(value);
  if (value instanceof Error) return { message: cleanForTerminal(value.message), name: value.name };
  if (Array.isArray(value)) return value.map(clean);
  if (value !== null && typeof value === 'object')
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, clean(inner)]));
  return value === undefined || typeof value === 'function' ? null : (value as Json);
}
