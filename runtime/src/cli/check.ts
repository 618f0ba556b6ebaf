import type { CommandModule } from 'yargs';
import { catalogOf, KINDS } from '../catalog.js';
import { systemClock } from '../clock.js';
import { loadConfig } from '../config-load.js';
import { checkMappings } from '../mapper/check.js';
import { renderFindings } from '../mapper/finding.js';
import { readMappingFolder } from '../mapper/load.js';
import { cleanForTerminal } from '../redact.js';
import { destinationTools } from '../serve.js';
import { compileSourceKeys } from '../source-keys.js';
import { DESTINATION_KINDS } from '../workflow/actions/registry.js';
import { openDestinations } from '../workflow/destinations.js';
import { type CliIo, formatOption, lesson } from './io.js';
import { VERSION } from './version.js';

interface Flags {
  config: string | undefined;
  mappings: string | undefined;
  format: 'text' | 'json';
  online: boolean;
}

/** Without a configuration, mappings may name the default destinations. */
const ASSUMED = ['slack', 'jira', 'sre'];

export const checkOptions = {
  config: { type: 'string', describe: 'Configuration: its destinations and mappings folder are used' },
  mappings: { type: 'string', describe: 'Folder of mapping files; default: the configuration, else ./mappings' },
  online: { type: 'boolean', default: false, describe: 'Also ask the destinations whether tokens and rights work' },
  ...formatOption,
} as const;

export const checkCommand = (io: CliIo): CommandModule<object, Flags> => ({
  command: 'check',
  describe: 'Check mapping files and run their tests',
  builder: (yargs) =>
    yargs.options(checkOptions).epilogue(
      lesson(
        [
          ['every finding with file:line:column and what to do', 'sre-router check --mappings mappings'],
          ['before a release: do the tokens work?', 'sre-router check --online --config router.yaml'],
        ],
        'Exit 0: fine, warnings apart. 1: errors found. 2: wrong usage or configuration.',
      ),
    ) as never,
  async handler(flags) {
    const config = loadConfig({
      ...(flags.config === undefined ? {} : { file: flags.config }),
      env: io.env,
      flags: { mappings: flags.mappings },
      ...KINDS,
    });
    compileSourceKeys(config.sources, () => undefined);
    const catalog = catalogOf(config);
    const destinations = Object.keys(config.destinations).length === 0 ? new Set(ASSUMED) : catalog.destinations;
    const files = await readMappingFolder(config.mappings);
    const findings = checkMappings(files, { ...catalog, destinations });
    io.out(flags.format === 'json' ? `${renderFindings(findings, 'json')}\n` : `${cleanLines(renderFindings(findings, 'text'))}\n`);
    let problems = findings.filter((finding) => finding.severity === 'error').length;
    if (flags.online) problems += await checkOnline(config, flags.format);
    io.exitCode = problems === 0 ? 0 : 1;
  },
});

const cleanLines = (text: string): string => text.split('\n').map(cleanForTerminal).join('\n');

async function checkOnline(config: ReturnType<typeof loadConfig>, format: 'text' | 'json'): Promise<number> {
  const open = openDestinations(config.destinations, DESTINATION_KINDS, destinationTools(VERSION), systemClock, () => 1);
  let missing = 0;
  for (const { name, kind, client } of open.values()) {
    const misses = (await DESTINATION_KINDS[kind]?.check?.(client)) ?? [];
    missing += misses.length;
    if (format === 'json') process.stdout.write(`${JSON.stringify({ destination: name, misses })}\n`);
    else if (misses.length === 0) process.stdout.write(`${name}: works\n`);
    else for (const { what, remedy } of misses) process.stdout.write(`${name}: ${what}\n  → ${remedy}\n`);
  }
  return missing;
}
