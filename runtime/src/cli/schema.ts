import type { CommandModule } from 'yargs';
import { exportAsyncApi, exportJsonSchema } from '../event/export-schema.js';
import { VERSION } from './version.js';

interface Flags {
  type: string | undefined;
  format: 'jsonschema' | 'asyncapi';
  prefix: string;
}

export const schemaCommand: CommandModule<object, Flags> = {
  command: 'schema',
  describe: 'Print the schemas shared with other teams',
  builder: (yargs) =>
    yargs
      .option('type', { type: 'string', describe: 'Event type, e.g. alertmanager.alert. Default: the event itself; asyncapi: every type' })
      .option('format', { choices: ['jsonschema', 'asyncapi'] as const, default: 'jsonschema' as const })
      .option('prefix', { type: 'string', default: 'sre-router', describe: 'asyncapi: prefix of the topics' })
      .example('$0 schema --type alertmanager.alert', 'JSON Schema of its data')
      .example('$0 schema --format asyncapi', 'the events topic, for teams that read it') as never,
  // Async, because a plain throw would pass by the parser's fail handler.
  async handler({ type, format, prefix }) {
    const document = format === 'asyncapi' ? exportAsyncApi({ version: VERSION, prefix, type }) : exportJsonSchema(type);
    process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
  },
};
