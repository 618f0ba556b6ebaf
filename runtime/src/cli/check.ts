import type { CommandModule } from 'yargs';
import { catalogOf, KINDS } from '../catalog.js';
import { systemClock } from '../clock.js';
import { loadConfig } from '../config-load.js';
import { checkMappings } from '../mapper/check.js';
import { renderFindings } from '../mapper/finding.js';
import { readMappingFolder } from '../mapper/load.js';
import { destinationTools } from '../serve.js';
import { compileSourceKeys } from '../source-keys.js';
import { DESTINATION_KINDS } from '../workflow/actions/registry.js';
import { openDestinations } from '../workflow/destinations.js';
import { VERSION } from './version.js';

interface Flags {
  config: string | undefined;
  mappings: string | undefined;
  format: 'text' | 'json';
  online: boolean;
}

/** Without a configuration, mappings may name the default destinations. */
const ASSUMED = ['slack', 'jira', 'sre'];

export const checkCommand: CommandModule<object, Flags> = {
  command: 'check',
  describe: 'Check mapping files and run their tests',
  builder: (yargs) =>
    yargs
      .option('config', { type: 'string', describe: 'Configuration: its destinations and mappings folder are used' })
      .option('mappings', { type: 'string', describe: 'Folder of mapping files' })
      .option('online', { type: 'boolean', default: false, describe: 'Also ask the destinations whether tokens and rights work' })
      .option('format', { choices: ['text', 'json'] as const, default: 'text' as const })
      .example('$0 check --mappings mappings', 'exit 0 fine, 1 problems, 2 wrong usage') as never,
  async handler(flags) {
    const config = loadConfig({
      ...(flags.config === undefined ? {} : { file: flags.config }),
      env: process.env,
      flags: { mappings: flags.mappings },
      ...KINDS,
    });
    compileSourceKeys(config.sources, () => undefined);
    const catalog = catalogOf(config);
    const destinations = Object.keys(config.destinations).length === 0 ? new Set(ASSUMED) : catalog.destinations;
    const files = await readMappingFolder(config.mappings);
    const findings = checkMappings(files, { ...catalog, destinations });
    process.stdout.write(`${renderFindings(findings, flags.format)}\n`);
    let problems = findings.filter((finding) => finding.severity === 'error').length;
    if (flags.online) problems += await checkOnline(config, flags.format);
    process.exitCode = problems === 0 ? 0 : 1;
  },
};

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
