import { stringify } from 'yaml';
import type { CommandModule } from 'yargs';
import { KINDS } from '../catalog.js';
import { loadConfig } from '../config-load.js';
import { destinationTools } from '../destination-tools.js';
import { RouterError } from '../errors.js';
import { connectKafka, type KafkaSettings } from '../log/kafka/connect.js';
import { connectionProblem } from '../log/kafka/security.js';
import {
  checkTopics,
  createMissing,
  readTopics,
  strimziTopics,
  type TopicFinding,
  type TopicSpec,
  topicSpecs,
  withAdmin,
} from '../log/kafka/topics.js';
import { UnreachableError } from './client.js';
import { type CliIo, jsonText, lesson, UsageError } from './io.js';
import { VERSION } from './version.js';

interface Flags {
  config: string | undefined;
  brokers: string | undefined;
  prefix: string | undefined;
  check: boolean;
  apply: boolean;
  format: 'text' | 'json' | 'strimzi';
  cluster: string;
}

export const topicsOptions = {
  config: { type: 'string', describe: 'Configuration: its section log says how to reach the brokers' },
  brokers: { type: 'string', describe: 'log.brokers: host:port, separated by commas' },
  prefix: { type: 'string', describe: 'log.prefix: the topics are <prefix>.raw, .events, .journal and .dlq' },
  check: { type: 'boolean', default: false, describe: 'Compare the topics with what the router needs; the default' },
  apply: { type: 'boolean', default: false, describe: 'Create topics that are missing; nothing that exists is changed' },
  format: { choices: ['text', 'json', 'strimzi'] as const, default: 'text' as const, describe: 'text, json, or KafkaTopic resources' },
  cluster: { type: 'string', default: 'kafka', describe: 'strimzi: name of the Kafka resource' },
} as const;

export const topicsCommand = (io: CliIo): CommandModule<object, Flags> => ({
  command: 'topics',
  describe: 'Check or create the Kafka topics, or print them as Strimzi resources',
  builder: (yargs) =>
    yargs.options(topicsOptions).epilogue(
      lesson(
        [
          ['what is missing or wrong, with the command that mends it', 'sre-router topics --config router.yaml'],
          ['create what is missing; partition counts are never changed', 'sre-router topics --config router.yaml --apply'],
          ['for Strimzi', 'sre-router topics --config router.yaml --format strimzi --cluster my-kafka | kubectl apply -f -'],
        ],
        'Exit 0: fine, advice apart. 1: something is missing or wrong. 2: wrong usage or configuration, or no broker answers.',
      ),
    ) as never,
  async handler(flags) {
    // Not by the parser's `conflicts`: it takes a default for a given value.
    if (flags.check && flags.apply) throw new UsageError('--check and --apply exclude each other: --apply checks as well.');
    const { log } = loadConfig({
      ...(flags.config === undefined ? {} : { file: flags.config }),
      env: io.env,
      flags: {
        'log.brokers': flags.brokers?.split(',').map((broker) => broker.trim()),
        'log.prefix': flags.prefix,
        'log.kind': flags.brokers === undefined ? undefined : 'kafka',
      },
      ...KINDS,
    });
    const specs = topicSpecs(log);
    if (flags.format === 'strimzi')
      return io.out(
        strimziTopics(specs, flags.cluster)
          .map((topic) => `---\n${stringify(topic)}`)
          .join(''),
      );
    if (log.kind !== 'kafka')
      throw new UsageError(
        'log.kind is embedded: there are no topics. Name the brokers with --brokers, or in the configuration (log.kind, log.brokers).',
      );
    const tools = destinationTools(VERSION);
    try {
      const { created, findings } = await lookAt(log, specs, flags.apply, (file) => tools.secret(file)).catch((error: unknown) => {
        if (error instanceof RouterError) throw error;
        throw new UnreachableError(connectionProblem(error, log.brokers, log).replace(/^the /, 'The '));
      });
      io.out(flags.format === 'json' ? jsonText({ created, findings }) : told(specs, created, findings));
      io.exitCode = findings.some(({ severity }) => severity !== 'advice') ? 1 : 0;
    } finally {
      await tools.close();
    }
  },
});

async function lookAt(
  log: KafkaSettings,
  specs: readonly TopicSpec[],
  mayCreate: boolean,
  secret: (file: string) => string,
): Promise<{ created: readonly string[]; findings: readonly TopicFinding[] }> {
  // Each try asks another of them.
  const retry = { initialRetryTime: 100, retries: Math.max(2, log.brokers.length) };
  const kafka = connectKafka(log, { secret, log: () => undefined }, retry);
  return withAdmin(kafka, async (admin) => {
    const created = mayCreate ? await createMissing(admin, specs, await readTopics(admin, specs)) : [];
    return { created, findings: checkTopics(specs, await readTopics(admin, specs)) };
  });
}

function told(specs: readonly TopicSpec[], created: readonly string[], findings: readonly TopicFinding[]): string {
  const lines = specs.flatMap(({ topic }) => {
    const own = findings.filter((finding) => finding.topic === topic);
    const state = created.includes(topic) ? 'created' : own.length === 0 ? 'fine' : '';
    return [`${topic}: ${state}`.trimEnd(), ...own.flatMap(({ severity, what, remedy }) => [`  ${severity}: ${what}`, `    → ${remedy}`])];
  });
  return `${lines.join('\n')}\n`;
}
