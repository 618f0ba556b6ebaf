import type { Command } from './command.js';
import { DcrError, EXIT_FINE } from './dcr-error.js';
import { durationMs, type Flags, isSet, objectName, optional } from './flags.js';
import { FORMAT_OPTION, GIT_OPTIONS, KUBE_OPTIONS, NODE_OPTIONS, RUN_OPTIONS } from './options.js';
import type { Ports } from './ports.js';
import { checkRunId } from './run-id.js';
import { sleep } from './sleep.js';

const POLL_MS = 5_000;

export const labelGuardianCommand: Command = {
  name: 'label-guardian',
  describe: "Label the synchronizer's pod as donor if, and only if, its node reports GUARDIAN for the run",
  exits:
    '0 it is labelled · 1 wrong usage · 2 it is no guardian of this run, and bears no label · 3 replaced in between, or told to stop · 4 no guardian in time',
  options: {
    timeout: { describe: 'How long a node of this run that is no guardian yet, or is silent, is waited for', default: '5m' },
    reconcile: { describe: 'For a schedule: look once, exit 0 whatever is found', flag: true },
    ...RUN_OPTIONS,
    ...KUBE_OPTIONS,
    ...NODE_OPTIONS,
    ...GIT_OPTIONS,
    ...FORMAT_OPTION,
  },
  examples: [
    ['$0 label-guardian --run-id r-7', ''],
    ['$0 label-guardian --reconcile', 'the run is the one that git names'],
  ],
  async run(flags, ports) {
    const [{ labelGuardian }, { kubeOf, nodeOf }, { askNode }] = await Promise.all([
      import('./label-guardian.js'),
      import('./settings.js'),
      import('./probe-node.js'),
    ]);
    const kube = kubeOf(flags, ports);
    const run = await runOf(flags, ports);
    const endMs = ports.clock.nowMs() + durationMs(flags, 'timeout');
    for (;;) {
      const result = await labelGuardian({
        kube,
        run,
        pod: `${objectName(flags, 'synchronizer')}-0`,
        askNode: (podIp) => {
          const { address, limits } = nodeOf(flags, optional(flags, 'node-host') ?? podIp);
          return askNode(address, limits).catch(() => undefined);
        },
      });
      if (result.node === 'guardian' || isSet(flags, 'reconcile')) {
        ports.out(flags.format === 'json' ? JSON.stringify({ run, ...result }) : `${result.done}: ${result.reason}`);
        return EXIT_FINE;
      }
      if (result.node === 'other') throw new DcrError('NOT_GUARDIAN', `Not labelled: ${result.reason}; expected GUARDIAN for run ${run}.`);
      if (ports.clock.nowMs() >= endMs) throw new DcrError('TIMEOUT', `Not labelled: ${result.reason}; expected GUARDIAN for run ${run}.`);
      await sleep(ports.clock, POLL_MS, ports.stop);
    }
  },
};

async function runOf(flags: Flags, ports: Ports): Promise<string> {
  const given = optional(flags, 'run-id');
  if (given !== undefined || optional(flags, 'git-url') === undefined) return checkRunId(given);
  const { repoOf } = await import('./settings.js');
  const { repo, close } = repoOf(flags, ports);
  try {
    return checkRunId((await repo.valuesAt(await repo.fetch())).runId);
  } finally {
    close();
  }
}
