import type { CommandModule } from 'yargs';
import { exportAsyncApi, exportJsonSchema } from '../event/export-schema.js';
import { VERSION } from './version.js';

interface Flags {
  type: string | undefined;
  format: 'jsonschema' | 'asyncapi';
}

export const schemaCommand: CommandModule<object, Flags> = {
  command: 'schema',
  describe: 'Print the schemas shared with other teams',
  builder: (yargs) =>
    yargs
      .option('type', { type: 'string', describe: 'Event type, e.g. alertmanager.alert; default: the event itself' })
      .option('format', { choices: ['jsonschema', 'asyncapi'] as const, default: 'jsonschema' as const })
      .example('$0 schema --type alertmanager.alert', '')
      .example('$0 schema --format asyncapi', 'the events topic, for teams that read it') as never,
  handler(flags) {
    const document = flags.format === 'asyncapi' ? exportAsyncApi(VERSION) : exportJsonSchema(flags.type);
    process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
  },
};
