import { z } from 'zod';
import { baseUrl, bytesOr, duration, durationOr } from './config-text.js';
import { ROLES } from './roles.js';

const path = (): z.ZodString => z.string().min(1).meta({ format: 'path' });

const http = z
  .strictObject({
    host: z.string().min(1).default('127.0.0.1').describe('Address to listen on. Anything but loopback needs http.auth.tokensFile.'),
    port: z.int().min(0).max(65_535).default(8080).describe('Port to listen on; 0 takes a free one.'),
    auth: z
      .strictObject({
        tokensFile: path()
          .optional()
          .describe(
            'JSON file [{name, sha256, roles: [ingest|read|operate]}]. Without it everyone who reaches the port may do everything.',
          ),
      })
      .prefault({}),
    tls: z
      .strictObject({
        certFile: path().describe('PEM of the certificate and those between it and its authority. Read again when it changes.'),
        keyFile: path().describe('PEM of its key. Read again when it changes.'),
      })
      .optional(),
    rate: z
      .strictObject({
        perSecond: z.int().min(1).default(200).describe('Requests a second that each token may make on average; more are answered 503.'),
        burst: z.int().min(1).default(2_000).describe('Requests that it may make at once after a pause.'),
      })
      .prefault({}),
  })
  .prefault({});

const topicName = /^[a-zA-Z0-9._-]{1,200}$/;

const tls = z
  .strictObject({
    caFile: path().optional().describe('PEM of the certificate authority. Default: the system’s.'),
    certFile: path().optional().describe('PEM of our certificate, where brokers ask for one.'),
    keyFile: path().optional().describe('PEM of its key.'),
  })
  .optional();

const sasl = z
  .strictObject({
    mechanism: z.enum(['plain', 'scram-sha-256', 'scram-sha-512']).describe('How we log in.'),
    usernameFile: path().describe('File with the user name.'),
    passwordFile: path().describe('File with the password.'),
  })
  .optional();

const log = z
  .strictObject({
    kind: z.enum(['embedded', 'kafka']).default('embedded').describe('Where events and the journal live.'),
    dir: path().default('./.data').describe('embedded: folder of the log. One process at a time.'),
    retention: durationOr('7d').describe(
      'Finished events stay readable this long. At least incidents.dedupeWindow. Unfinished ones stay until they finish.',
    ),
    brokers: z
      .array(z.string().regex(/^[^\s:]+:\d{1,5}$|^\[[0-9a-fA-F:]+\]:\d{1,5}$/, 'expected host:port'))
      .default([])
      .describe('kafka: brokers to begin with, host:port.'),
    prefix: z
      .string()
      .regex(topicName, 'expected letters, digits, dot, dash or underscore')
      .default('sre-router')
      .describe('kafka: the topics are <prefix>.raw, .events, .journal and .dlq.'),
    group: z.string().min(1).default('sre-router').describe('kafka: consumer group. Members of one group share the partitions.'),
    clientId: z.string().min(1).default('sre-router').describe('kafka: how brokers call this client in logs and quotas.'),
    sessionTimeout: durationOr('15s').describe('kafka: a process that is silent for this long loses its partitions to others.'),
    scratchDir: path()
      .optional()
      .describe('kafka: parent of folders that can be lost at any time. Default: the system’s temporary folder.'),
    partitions: z
      .int()
      .min(1)
      .max(1_000)
      .default(12)
      .describe('kafka: of events and journal, when `topics --apply` creates them. Never changed.'),
    rawPartitions: z.int().min(1).max(1_000).default(6).describe('kafka: of raw and dlq, when `topics --apply` creates them.'),
    replication: z.int().min(1).max(9).default(3).describe('kafka: replicas of each partition, when `topics --apply` creates them.'),
    rawSources: z
      .array(z.string())
      .default(['argo', 'alertmanager', 'events'])
      .describe(
        'kafka: sources that may read records of <prefix>.raw, tried in this order; names that are not configured are passed over.',
      ),
    tls,
    sasl,
  })
  .superRefine((given, context) => {
    if (given.kind === 'kafka' && given.brokers.length === 0)
      context.addIssue({
        code: 'custom',
        path: ['brokers'],
        message: 'expected host:port',
        params: { expected: 'at least one broker, host:port, since log.kind is kafka' },
      });
  })
  .transform(({ retention, sessionTimeout, ...rest }) => ({ ...rest, retentionMs: retention, sessionTimeoutMs: sessionTimeout }))
  .prefault({});

const incidents = z
  .strictObject({
    reopenWithin: durationOr('30m').describe(
      'A new occurrence this soon after the last close reopens the incident, on a route with a `reopened` list.',
    ),
    expireAfter: durationOr('12h').describe(
      'An open incident without a sign of life closes as expired. Choose several times Alertmanager’s repeat_interval.',
    ),
    dedupeWindow: durationOr('1h').describe('An event id or nonce is recognised as seen before for this long.'),
  })
  .transform((given) => ({ reopenWithinMs: given.reopenWithin, expireAfterMs: given.expireAfter, dedupeWindowMs: given.dedupeWindow }))
  .prefault({});

const limits = z
  .strictObject({
    body: bytesOr('16MiB').describe('Largest request body, after inflating.'),
    alerts: z.int().min(1).default(20_000).describe('Most alerts or events in one request.'),
    event: bytesOr('900kB').describe('Largest single event.'),
    depth: z.int().min(4).max(1_000).default(64).describe('Deepest nesting of a body.'),
    unfinished: z.int().min(1).default(100_000).describe('Unfinished runs at which intake pauses and answers 503.'),
  })
  .transform((given) => ({
    bodyBytes: given.body,
    alertCount: given.alerts,
    eventBytes: given.event,
    depth: given.depth,
    unfinishedCount: given.unfinished,
  }))
  .prefault({});

const workflow = z
  .strictObject({
    running: z.int().min(1).default(100).describe('Runs under way at once. Waiting runs do not count.'),
    grace: durationOr('20s').describe(
      'At SIGTERM, how long steps may still finish. What is left is journaled and goes on after the restart.',
    ),
  })
  .transform((given) => ({ runningCount: given.running, graceMs: given.grace }))
  .prefault({});

/** What every source may say; the rest belongs to its kind. */
export const sourceCommon = z.strictObject({
  kind: z.string().describe('Source kind: decides how a body is read.'),
  key: z
    .string()
    .min(1)
    .optional()
    .describe(
      'CEL expression over event and data: the ordering key. Default, also where it gives no text: the correlation id (Alertmanager: the fingerprint), else the partition key that the caller gave, else the event id.',
    ),
});

/** What every destination may say; the rest belongs to its kind. */
export const destinationCommon = z
  .strictObject({
    kind: z.string().describe('Destination kind: decides which actions may use it.'),
    baseUrl: baseUrl().optional().describe('Where it is. May point anywhere the operator chooses.'),
    concurrency: z.int().min(1).default(10).describe('Calls under way at once.'),
    timeout: durationOr('10s').describe(
      'A call without an answer for this long is aborted; its outcome is unknown. A step may say otherwise.',
    ),
    budget: z
      .strictObject({
        perSecond: z.number().positive().describe('Calls a second on average.'),
        per: z.enum(['channel', 'destination']).default('destination').describe('What the budget counts by.'),
      })
      .optional(),
    breaker: z
      .strictObject({
        failures: z.int().min(0).default(5).describe('Failures in a row that open the breaker; 0 = no breaker.'),
        cooldown: durationOr('30s').describe('How long it stays open before one call may try.'),
      })
      .transform((given) => ({ failures: given.failures, cooldownMs: given.cooldown }))
      .prefault({}),
    settle: duration()
      .optional()
      .describe('After an unknown outcome, how long to wait before looking whether the effect is there. Default: by kind.'),
  })
  .transform(({ timeout, settle, ...rest }) => ({ ...rest, timeoutMs: timeout, settleMs: settle }));

export const DEFAULT_SOURCES = {
  alertmanager: { kind: 'alertmanager' },
  adhoc: { kind: 'adhoc' },
  events: { kind: 'cloudevents' },
  argo: { kind: 'argo' },
} as const;

/** Names are used in URLs, metrics and environment variables. */
const name = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, 'expected a name of a-z, 0-9, dot, dash or underscore');
/** "router" is where the router's own events come from. */
const sourceName = name.refine((given) => given !== 'router', 'expected a name other than router');
const entry = z.record(z.string(), z.unknown());

/** The configuration as people write it; config.ts parses sources and destinations with the schemas of their kinds. */
export const configSchema = z.strictObject({
  role: z
    .enum(ROLES)
    .default('all')
    .describe(
      'What this process does: take events, run what follows from them, answer questions; or all. Others than all need log.kind kafka.',
    ),
  http,
  log,
  mappings: path().default('./mappings').describe('Folder (or one file) of mapping files.'),
  sources: z.record(sourceName, entry).default(DEFAULT_SOURCES).describe('POST /ingest/<name> takes what this kind of source sends.'),
  destinations: z.record(name, entry).default({}).describe('Actions name these. slack, jira and sre are the defaults of their actions.'),
  incidents,
  limits,
  workflow,
});
