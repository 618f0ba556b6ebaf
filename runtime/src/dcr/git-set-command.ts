import type { Command } from './command.js';
import { DcrError, EXIT_FINE } from './dcr-error.js';
import { type Flags, isSet, oneLine, optional, required } from './flags.js';
import { FORMAT_OPTION, GIT_OPTIONS, RUN_OPTIONS } from './options.js';
import { checkRunId } from './run-id.js';
import type { Assignments } from './values-edit.js';

export const gitSetCommand: Command = {
  name: 'git-set',
  positional: {
    name: 'set',
    describe: 'farmers.enabled=…, farmers.replicas=…, synchronizer.enabled=…, dcr.runId=…',
    required: true,
    many: true,
  },
  describe: 'Commit values with DCR-Run and DCR-Phase trailers, and push',
  exits:
    '0 the values are so (nothing to do is fine) · 1 wrong usage · 2 refused by the server, or another run is named in git · 3 no answer, or others pushed each time in between',
  options: {
    phase: { describe: 'Trailer DCR-Phase: scale-up, scale-down, cleanup, …' },
    'sha-file': { describe: 'File that gets the commit in which the values are so' },
    'any-run': { describe: 'Set them even when git names another run', flag: true },
    ...RUN_OPTIONS,
    ...GIT_OPTIONS,
    ...FORMAT_OPTION,
  },
  examples: [
    ['$0 git-set farmers.enabled=true synchronizer.enabled=true dcr.runId=r-7 --run-id r-7 --phase scale-up', ''],
    ['$0 git-set farmers.enabled=false --run-id r-7 --phase cleanup', 'nothing when git names another run'],
  ],
  async run(flags, ports) {
    const assignments = await assignmentsOf(flags);
    const run = checkRunId(optional(flags, 'run-id'));
    const phase = required(flags, 'phase');
    if (!/^[a-z][a-z-]{0,39}$/.test(phase)) throw new DcrError('USAGE', '--phase: expected lower-case letters and "-", such as scale-up.');
    if (assignments['dcr.runId'] !== undefined && assignments['dcr.runId'] !== run)
      throw new DcrError('USAGE', `dcr.runId=${assignments['dcr.runId']} is not --run-id ${run}; a run commits its own id only.`);
    const [{ gitSet, ownRunOnly }, { repoOf }] = await Promise.all([import('./git-set.js'), import('./settings.js')]);
    const { repo, close } = repoOf(flags, ports);
    try {
      const isFree = assignments['dcr.runId'] !== undefined || isSet(flags, 'any-run');
      const decide = (values: Parameters<typeof ownRunOnly>[0]): Assignments | string =>
        (isFree ? undefined : ownRunOnly(values, run, phase)) ?? assignments;
      const result = await gitSet(repo, { run, phase, cluster: oneLine(flags, 'cluster'), decide }, ports);
      const file = optional(flags, 'sha-file');
      if (file !== undefined) {
        const { writeFileSync } = await import('node:fs');
        writeFileSync(file, result.sha);
      }
      ports.out(
        flags.format === 'json' ? JSON.stringify(result) : `${result.changed ? 'committed' : 'unchanged'} ${result.sha} ${result.reason}`,
      );
      return EXIT_FINE;
    } finally {
      close();
    }
  },
};

async function assignmentsOf(flags: Flags): Promise<Assignments> {
  const { SETTABLE } = await import('./values-edit.js');
  const given = Array.isArray(flags.set) ? (flags.set as unknown[]) : [];
  const assignments: Record<string, string | number | boolean> = {};
  for (const entry of given) {
    const [, path, value] = /^([^=]+)=(.*)$/s.exec(String(entry)) ?? [];
    if (path === undefined || value === undefined || !SETTABLE.some((known) => known === path))
      throw new DcrError(
        'USAGE',
        `expected <path>=<value> with a path of ${SETTABLE.join(', ')}; received ${JSON.stringify(String(entry).slice(0, 100))}`,
      );
    if (Object.hasOwn(assignments, path)) throw new DcrError('USAGE', `${path} is set twice.`);
    assignments[path] = settingOf(path, value);
  }
  return assignments;
}

function settingOf(path: string, value: string): string | number | boolean {
  if (path === 'dcr.runId') return checkRunId(value);
  if (path === 'farmers.replicas') {
    const count = /^\d{1,3}$/.test(value) ? Number(value) : 1;
    if (count === 0 || (count >= 2 && count <= 100)) return count;
    throw new DcrError('USAGE', `farmers.replicas: expected 0, or 2 to 100; received ${JSON.stringify(value)}`);
  }
  if (value === 'true' || value === 'false') return value === 'true';
  throw new DcrError('USAGE', `${path}: expected true or false; received ${JSON.stringify(value)}`);
}
