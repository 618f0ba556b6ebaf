import { stringify } from 'yaml';
import type { CommandModule } from 'yargs';
import { KINDS } from '../catalog.js';
import { loadConfig } from '../config-load.js';
import { RouterError } from '../errors.js';
import { connectKafka } from '../log/kafka/connect.js';
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
import { readSecret } from '../serve.js';

interface Flags {
  config: string | undefined;
  check: boolean;
  apply: boolean;
  format: 'text' | 'json' | 'strimzi';
  cluster: string;
}

export const topicsCommand: CommandModule<object, Flags> = {
  command: 'topics',
  describe: 'Check or create the Kafka topics, or print them as Strimzi resources',
  builder: (yargs) =>
    yargs
      .option('config', { type: 'string', describe: 'Configuration with log.kind kafka' })
      .option('check', { type: 'boolean', default: false, describe: 'Compare the topics with what the router needs (the default)' })
      .option('apply', { type: 'boolean', default: false, describe: 'Create topics that are missing; nothing that exists is changed' })
      .option('format', { choices: ['text', 'json', 'strimzi'] as const, default: 'text' as const })
      .option('cluster', { type: 'string', default: 'kafka', describe: 'strimzi: name of the Kafka resource' })
      .conflicts('check', 'apply')
      .example('$0 topics --config router.yaml', 'exit 0 fine, 1 something is missing or wrong')
      .example('$0 topics --config router.yaml --apply', 'partition counts are never changed')
      .example('$0 topics --config router.yaml --format strimzi', 'KafkaTopic resources for kubectl apply') as never,
  async handler(flags) {
    const config = loadConfig({
      ...(flags.config === undefined ? {} : { file: flags.config }),
      env: process.env,
      flags: {},
      ...KINDS,
    });
    const { log } = config;
    const specs = topicSpecs(log);
    if (flags.format === 'strimzi') {
      process.stdout.write(
        strimziTopics(specs, flags.cluster)
          .map((topic) => `---\n${stringify(topic)}`)
          .join(''),
      );
      return;
    }
    if (log.kind !== 'kafka')
      throw new RouterError('CONFIG_INVALID', 'log.kind is embedded: there are no topics. Set log.kind to kafka and name log.brokers.');
    const kafka = connectKafka(log, { secret: readSecret, log: () => undefined });
    const { created, findings } = await withAdmin(kafka, async (admin) => {
      const made = flags.apply ? await createMissing(admin, specs, await readTopics(admin, specs)) : [];
      return { created: made, findings: checkTopics(specs, await readTopics(admin, specs)) };
    });
    process.stdout.write(
      flags.format === 'json' ? `${JSON.stringify({ created, findings }, null, 2)}\n` : render(specs, created, findings),
    );
    process.exitCode = findings.some(({ severity }) => severity !== 'advice') ? 1 : 0;
  },
};

function render(specs: readonly TopicSpec[], created: readonly string[], findings: readonly TopicFinding[]): string {
  const lines = specs.map(({ topic }) => {
    const own = findings.filter((finding) => finding.topic === topic);
    return `${topic}: ${created.includes(topic) ? 'created' : own.length === 0 ? 'fine' : ''}${own
      .map(({ severity, what, remedy }) => `\n  ${severity}: ${what}\n    → ${remedy}`)
      .join('')}`;
  });
  return `${lines.join('\n')}\n`;
}
