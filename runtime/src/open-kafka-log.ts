import type { Kafka } from 'kafkajs';
import { type Clock, HOUR_MS } from './clock.js';
import type { Config } from './config.js';
import { asError, RouterError } from './errors.js';
import type { Event } from './event/event.js';
import { outgoing } from './event/outgoing.js';
import { connectKafka } from './log/kafka/connect.js';
import { type OpenKafka, openKafka } from './log/kafka/open-kafka.js';
import { RawConsumer, type RawRecord, type RawVerdict } from './log/kafka/raw-consumer.js';
import { Replica } from './log/kafka/replica.js';
import { connectionProblem } from './log/kafka/security.js';
import { checkTopics, readTopics, topicSpecs, withAdmin } from './log/kafka/topics.js';
import type { OpenLog, OpenLogPorts, RawIntake } from './open-log.js';

const LOOK_AGAIN_MS = 5_000;

/** Log, journal, view and raw topic of one process on a Kafka cluster, as far as its roles need them. Waits for brokers and topics. */
export async function openKafkaLog(config: Config, ports: OpenLogPorts): Promise<OpenLog> {
  const { clock, logger, roles } = ports;
  const { log: settings, incidents } = config;
  const { prefix, scratchDir } = settings;
  const warn = (message: string, fields: Readonly<Record<string, unknown>>): void => logger.warn(fields, message);
  const { kafka, partitions, dlqPartitions } = await connectWhenThere(config, ports);
  const opened = openKafka(
    { prefix, group: settings.group, partitions, dlqPartitions, sessionTimeoutMs: settings.sessionTimeoutMs, scratchDir },
    {
      kafka,
      clock,
      warn,
      gap(partition, from, to) {
        ports.gap(to - from);
        logger.error(
          { partition, from, to },
          'events were deleted before anybody decided about them: their retention was shorter than the outage',
        );
      },
    },
  );
  const replica = roles.answers
    ? new Replica({ prefix, partitions, ...(scratchDir === undefined ? {} : { scratchDir }) }, { kafka, clock, warn })
    : undefined;
  replica?.start();
  let raw: RawConsumer | undefined;
  let nextTrimMs = 0;
  return {
    log: opened.log,
    journal: opened.journal,
    view: replica && { log: replica, journal: replica, behind: () => replica.behind },
    letters: roles.answers ? opened.letters : undefined,
    trimmable: undefined,
    startRaw(intake) {
      raw = rawConsumer(config, kafka, opened, ports, intake);
      raw.start();
    },
    rawTotals: () => raw?.totals() ?? new Map(),
    problem: () =>
      opened.log.problem() ??
      (replica !== undefined && !replica.isFilled ? `the view is ${replica.behind ?? 'an unknown number of'} records behind` : undefined),
    lost: (partition, error) => opened.log.giveUp(partition, error),
    share: (ownedCount) => Math.max(1, ownedCount) / partitions,
    async trim() {
      const nowMs = clock.nowMs();
      opened.journal.forget(nowMs - incidents.dedupeWindowMs);
      if (nowMs < nextTrimMs) return;
      nextTrimMs = nowMs + HOUR_MS;
      await replica?.prune(nowMs - settings.retentionMs);
      await opened.trimJournal(nowMs - settings.retentionMs);
    },
    async close() {
      await raw?.stop();
      await opened.close();
      await replica?.close();
    },
  };
}

/** Tries on for as long as it can become right. A new client each time: files with credentials may have been put right meanwhile. */
async function connectWhenThere(
  { log }: Config,
  ports: OpenLogPorts,
): Promise<{ kafka: Kafka; partitions: number; dlqPartitions: number }> {
  const { clock, logger, waiting, stopping } = ports;
  const specs = topicSpecs(log);
  for (let told = ''; ; ) {
    let what: string;
    try {
      const kafka = connectKafka(log, { secret: ports.secret, log: (level, message, fields) => logger[level](fields, message) });
      const actual = await withAdmin(kafka, (admin) => readTopics(admin, specs));
      const findings = checkTopics(specs, actual);
      const final = findings.find(({ isFinal }) => isFinal);
      if (final !== undefined) throw new RouterError('CONFIG_INVALID', `${final.what}. ${final.remedy}`);
      const open = findings.filter(({ severity }) => severity !== 'advice');
      if (open.length === 0) {
        for (const { topic, what: advice, remedy } of findings) logger.warn({ topic, remedy }, advice);
        const count = (role: 'events' | 'dlq'): number => actual.get(`${log.prefix}.${role}`)?.partitions ?? 1;
        return { kafka, partitions: count('events'), dlqPartitions: count('dlq') };
      }
      what = open.map((finding) => `${finding.what} (${finding.remedy})`).join('; ');
    } catch (error) {
      if (error instanceof RouterError) throw error;
      what = connectionProblem(error, log.brokers, log);
    }
    if (stopping.aborted) throw new RouterError('STOPPING', 'The router was stopped while it waited for Kafka.');
    waiting(what);
    if (what !== told) logger.warn({ what }, 'waiting for Kafka; tried on');
    told = what;
    await sleep(clock, LOOK_AGAIN_MS, stopping);
  }
}

/** Until then, or until the signal is aborted. */
function sleep(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.after(ms, resolve);
    const wake = (): void => {
      cancel();
      resolve();
    };
    signal.addEventListener('abort', wake, { once: true });
  });
}

function rawConsumer({ log }: Config, kafka: Kafka, opened: OpenKafka, { clock, logger }: OpenLogPorts, intake: RawIntake): RawConsumer {
  const { prefix, group } = log;
  return new RawConsumer(
    { ...opened.membership, groupId: `${group}.raw`, topic: `${prefix}.raw`, dlqTopic: `${prefix}.dlq` },
    {
      kafka,
      clock,
      flusher: opened.flusher,
      append: intake.append,
      decode: (record) => verdictOf(record, intake.decode),
      hasRoom: intake.hasRoom,
      warn: (message, fields) => logger.warn(fields, message),
    },
  );
}

function verdictOf(record: RawRecord, decode: (record: RawRecord) => readonly Event[]): RawVerdict {
  try {
    return { events: decode(record).map(outgoing) };
  } catch (error) {
    if (error instanceof RouterError) return { reason: error.code, detail: error.message };
    return { reason: 'INTERNAL', detail: asError(error).message };
  }
}
