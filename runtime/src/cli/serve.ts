import type { Logger } from 'pino';
import type { CommandModule } from 'yargs';
import { KINDS } from '../catalog.js';
import { loadConfig } from '../config-load.js';
import { asError } from '../errors.js';
import { createLogger } from '../observe.js';
import { type RunningRouter, serve } from '../serve.js';
import { type CliIo, lesson, wantsColour, wholeNumber } from './io.js';
import { VERSION } from './version.js';

interface Flags {
  config: string | undefined;
  host: string | undefined;
  port: number | undefined;
  data: string | undefined;
  mappings: string | undefined;
  role: string | undefined;
  log: string | undefined;
  brokers: string | undefined;
  prefix: string | undefined;
  group: string | undefined;
  level: string;
}

export const serveOptions = {
  config: { type: 'string', describe: 'YAML or JSON file; default SRE_ROUTER_CONFIG. See docs/configuration.md' },
  host: { type: 'string', describe: 'http.host: address to listen on' },
  port: { type: 'number', describe: 'http.port: port to listen on' },
  data: { type: 'string', describe: 'log.dir: where events and the journal live' },
  mappings: { type: 'string', describe: 'Folder of mapping files' },
  role: { type: 'string', describe: 'role: all, ingest, route or api; others than all need Kafka' },
  log: { type: 'string', describe: 'log.kind: embedded or kafka' },
  brokers: { type: 'string', describe: 'log.brokers: host:port, separated by commas' },
  prefix: { type: 'string', describe: 'log.prefix: the topics are <prefix>.raw, .events, .journal and .dlq' },
  group: { type: 'string', describe: 'log.group: consumer group; its members share the partitions' },
  level: { default: 'info', choices: ['trace', 'debug', 'info', 'warn', 'error'] as const, describe: 'Log level' },
} as const;

export function serveCommand(io: CliIo): CommandModule<object, Flags> {
  return {
    command: 'serve',
    describe: 'Run the router',
    builder: (yargs) =>
      yargs.options(serveOptions).epilogue(
        lesson(
          [
            ['defaults: 127.0.0.1:8080, ./.data, ./mappings', 'sre-router serve'],
            ['on Kafka; TLS and SASL are set in the file', 'sre-router serve --log kafka --brokers kafka-0:9092,kafka-1:9092'],
            ['flags win over the environment, that over the file', 'sre-router serve --config router.yaml --port 9090'],
          ],
          'Logs are JSON lines; readable ones on a terminal. SIGTERM or Ctrl-C: steps under way may finish (workflow.grace),\nthe rest goes on at the next start.',
        ),
      ) as never,
    async handler(flags) {
      if (flags.port !== undefined) wholeNumber('port', flags.port, 0, 65_535);
      const config = loadConfig({
        ...(flags.config === undefined ? {} : { file: flags.config }),
        env: io.env,
        flags: flagSettings(flags),
        ...KINDS,
      });
      const logger = createLogger({
        level: flags.level,
        readable: io.columns !== undefined,
        colour: wantsColour(io),
      });
      const unwatch = watchCrashes(logger);
      let router: RunningRouter | undefined;
      let stopping = false;
      const end = (running: RunningRouter): void => {
        running.stop().then(
          () => process.exit(0),
          (error: unknown) => {
            logger.error({ err: error }, 'stopping failed');
            process.exit(1);
          },
        );
      };
      const stop = (signal: string): void => {
        // A second signal means now: what is under way is settled at the next start.
        if (stopping) process.exit(130);
        stopping = true;
        logger.info({ signal }, router === undefined ? 'stopping as soon as it has started' : 'stopping');
        if (router !== undefined) end(router);
      };
      // Before the start: as process 1 of a container a signal that nobody takes is lost, and the end would be SIGKILL.
      process.on('SIGTERM', () => stop('SIGTERM'));
      process.on('SIGINT', () => stop('SIGINT'));
      router = await serve(config, { logger, version: VERSION, onLost: () => process.exit(1) }).catch((error: unknown) => {
        unwatch();
        throw error;
      });
      if (stopping) end(router);
    },
  };
}

function flagSettings({ host, port, data, mappings, role, log, brokers, prefix, group }: Flags): Readonly<Record<string, unknown>> {
  return {
    'http.host': host,
    'http.port': port,
    mappings,
    role,
    'log.kind': log,
    'log.dir': data,
    'log.brokers': brokers?.split(',').map((broker) => broker.trim()),
    'log.prefix': prefix,
    'log.group': group,
  };
}

/** Node's own report would print every field an SDK hangs on its errors, request headers among them. */
function watchCrashes(logger: Logger): () => void {
  const onCrash = (thrown: unknown): void => {
    logger.fatal({ err: asError(thrown) }, 'a fault of the router ends it; what was under way goes on at the next start');
    process.exit(1);
  };
  process.on('uncaughtException', onCrash).on('unhandledRejection', onCrash);
  return () => void process.off('uncaughtException', onCrash).off('unhandledRejection', onCrash);
}
