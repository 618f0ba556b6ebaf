import kafkajs, { type Kafka, type KafkaConfig, type LogEntry, type RetryOptions } from 'kafkajs';
import { registerCodecs } from './codecs.js';
import { patchIdleTimer } from './internals.js';
import { readSecurity, type SecuritySettings } from './security.js';

export interface KafkaSettings extends SecuritySettings {
  readonly brokers: readonly string[];
  readonly clientId: string;
}

export interface ConnectPorts {
  /** Reads a secret file and registers it with the redactor. */
  secret(file: string): string;
  /** kafkajs' own lines; it tries again by itself, so its errors are warnings here. */
  log(level: 'warn' | 'debug', message: string, fields: Readonly<Record<string, unknown>>): void;
}

/** A broker that does not answer for this long is taken for gone. Below the session time-out, so that one lost answer costs no partition. */
const REQUEST_TIMEOUT_MS = 10_000;
const CONNECTION_TIMEOUT_MS = 3_000;

/** The client that everything in this room shares; each cluster opened from it has connections of its own. `retry`: of connecting; default kafkajs' own. Throws SecurityFileError. */
export function connectKafka(settings: KafkaSettings, ports: ConnectPorts, retry?: RetryOptions): Kafka {
  patchIdleTimer();
  registerCodecs();
  const config: KafkaConfig = {
    brokers: [...settings.brokers],
    clientId: settings.clientId,
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    logLevel: kafkajs.logLevel.WARN,
    logCreator: () => (entry) => report(entry, ports),
    ...(retry === undefined ? {} : { retry }),
    ...readSecurity(settings, ports.secret),
  };
  return new kafkajs.Kafka(config);
}

/** Said of every start, and meant: retries of one serialised producer are bounded, and a broker that just came up asks for patience. */
const HARMLESS = /Limiting retries for the idempotent producer|coordinator is (loading|not available)|group is rebalancing/;

function report({ namespace, level, log }: LogEntry, ports: ConnectPorts): void {
  const { message, timestamp: _timestamp, logger: _logger, stack: _stack, ...fields } = log;
  const isHarmless = HARMLESS.test(`${message} ${String(fields.error ?? '')}`);
  ports.log(level <= kafkajs.logLevel.WARN && !isHarmless ? 'warn' : 'debug', `kafka ${namespace}: ${message}`, fields);
}
