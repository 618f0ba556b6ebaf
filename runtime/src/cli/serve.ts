import type { CommandModule } from 'yargs';
import { KINDS } from '../catalog.js';
import { loadConfig } from '../config-load.js';
import { createLogger } from '../observe.js';
import { serve } from '../serve.js';
import { VERSION } from './version.js';

interface Flags {
  config: string | undefined;
  host: string | undefined;
  port: number | undefined;
  data: string | undefined;
  mappings: string | undefined;
  level: string;
}

export const serveCommand: CommandModule<object, Flags> = {
  command: 'serve',
  describe: 'Run the router',
  builder: (yargs) =>
    yargs
      .option('config', { type: 'string', describe: 'YAML or JSON file; see docs/configuration.md' })
      .option('host', { type: 'string', describe: 'http.host' })
      .option('port', { type: 'number', describe: 'http.port' })
      .option('data', { type: 'string', describe: 'log.dir: where events and the journal live' })
      .option('mappings', { type: 'string', describe: 'Folder of mapping files' })
      .option('level', { type: 'string', default: 'info', choices: ['trace', 'debug', 'info', 'warn', 'error'], describe: 'Log level' })
      .example('$0 serve', 'defaults: 127.0.0.1:8080, ./.data, ./mappings')
      .example('$0 serve --config router.yaml --port 9090', '') as never,
  async handler(flags) {
    const config = loadConfig({
      ...(flags.config === undefined ? {} : { file: flags.config }),
      env: process.env,
      flags: { 'http.host': flags.host, 'http.port': flags.port, 'log.dir': flags.data, mappings: flags.mappings },
      ...KINDS,
    });
    const logger = createLogger({ level: flags.level, readable: process.stdout.isTTY === true });
    const router = await serve(config, { logger, version: VERSION, onLost: () => process.exit(1) });
    let stopping = false;
    const stop = (signal: string): void => {
      // A second signal means now: what is under way is settled at the next start.
      if (stopping) process.exit(130);
      stopping = true;
      logger.info({ signal }, 'stopping');
      router.stop().then(
        () => process.exit(0),
        (error: unknown) => {
          logger.error({ err: error }, 'stopping failed');
          process.exit(1);
        },
      );
    };
    process.on('SIGTERM', () => stop('SIGTERM'));
    process.on('SIGINT', () => stop('SIGINT'));
  },
};
