import type { CommandModule } from 'yargs';
import { catalogOf, KINDS } from '../catalog.js';
import { checkOnline } from '../check-online.js';
import { systemClock } from '../clock.js';
import type { Config } from '../config.js';
import { loadConfig } from '../config-load.js';
import { destinationTools } from '../destination-tools.js';
import { checkMappings } from '../mapper/check.js';
import { countFindings, renderFindings } from '../mapper/finding.js';
import { literalUses, type MappedUse } from '../mapper/literal-uses.js';
import { readMappingFolder } from '../mapper/load.js';
import { cleanForTerminal, redactText } from '../redact.js';
import { compileSourceKeys } from '../source-keys.js';
import type { Checked } from '../workflow/action.js';
import { DESTINATION_KINDS } from '../workflow/actions/registry.js';
import { openDestinations } from '../workflow/destinations.js';
import { type CliIo, formatOption, jsonText, lesson } from './io.js';
import { VERSION } from './version.js';

interface Flags {
  config: string | undefined;
  mappings: string | undefined;
  format: 'text' | 'json';
  online: boolean;
}

type Found = Checked & { readonly destination: string };

/** Without a configuration, mappings may name the default destinations. */
const ASSUMED = ['slack', 'jira', 'sre'];

export const checkOptions = {
  config: { type: 'string', describe: 'Configuration: its destinations and mappings folder are used' },
  mappings: { type: 'string', describe: 'Folder of mapping files; default: the configuration, else ./mappings' },
  online: { type: 'boolean', default: false, describe: 'Also ask the destinations: tokens, rights, channels, projects, issue types' },
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
          ['before a release: asks Slack, Jira and the others, changes nothing', 'sre-router check --online --config router.yaml'],
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
    const isText = flags.format === 'text';
    const say = (text: string): void => io.out(`${text}\n`);
    if (isText) say(cleanLines(renderFindings(findings, 'text')));
    const online: Found[] = [];
    if (flags.online) {
      for await (const found of askAll(config, literalUses(files, catalog))) {
        online.push(found);
        if (isText) say(lineOf(found));
      }
    }
    const misses = online.filter(({ ok }) => !ok).length;
    if (isText && flags.online) say(`${online.length} thing(s) asked online, ${misses} miss(es)`);
    if (!isText) io.out(jsonText({ findings, ...countFindings(findings), ...(flags.online ? { online, misses } : {}) }));
    io.exitCode = countFindings(findings).errors + misses === 0 ? 0 : 1;
  },
});

const cleanLines = (text: string): string => text.split('\n').map(cleanForTerminal).join('\n');

async function* askAll(config: Config, uses: readonly MappedUse[]): AsyncGenerator<Found> {
  const tools = destinationTools(VERSION);
  const open = openDestinations(config.destinations, DESTINATION_KINDS, tools, systemClock, () => 1);
  try {
    for await (const found of checkOnline(open.values(), uses)) yield cleaned(found);
  } finally {
    await tools.close();
  }
}

/** What a target calls itself is text from outside. */
function cleaned(found: Found): Found {
  const clean = (text: string): string => cleanForTerminal(redactText(text));
  return found.ok ? { ...found, what: clean(found.what) } : { ...found, what: clean(found.what), remedy: clean(found.remedy) };
}

const lineOf = (found: Found): string =>
  found.ok ? `ok    ${found.destination}: ${found.what}` : `MISS  ${found.destination}: ${found.what}\n      → ${found.remedy}`;
