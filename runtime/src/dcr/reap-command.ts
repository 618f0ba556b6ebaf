import type { Command } from './command.js';
import { EXIT_FINE } from './dcr-error.js';
import { isSet, oneLine } from './flags.js';
import { FORMAT_OPTION, GIT_OPTIONS, KUBE_OPTIONS, RUN_OPTIONS, WORKFLOW_OPTIONS } from './options.js';

const { cluster } = RUN_OPTIONS;
const HISTORY_COMMITS = 500;

export const reapCommand: Command = {
  name: 'reap',
  describe: 'Take farmers down whose workflow is gone; report those that a person set',
  exits: '0 nothing to do, reported, or taken down · 1 wrong usage · 2 refused · 3 no answer',
  options: {
    'dry-run': { describe: 'Say what would be done', flag: true },
    cluster,
    ...KUBE_OPTIONS,
    ...WORKFLOW_OPTIONS,
    ...GIT_OPTIONS,
    ...FORMAT_OPTION,
  },
  examples: [['$0 reap --cluster express-7', 'from a schedule: argo terminate runs no exit handler']],
  async run(flags, ports) {
    const [{ decideReap }, { gitSet }, { kubeOf, repoOf }, { listWorkflows }, { selectorOf }] = await Promise.all([
      import('./reap.js'),
      import('./git-set.js'),
      import('./settings.js'),
      import('./kube-objects.js'),
      import('./workflow-selector.js'),
    ]);
    const kube = kubeOf(flags, ports);
    const selector = selectorOf(flags);
    const { repo, close } = repoOf(flags, ports);
    try {
      // History first: a workflow exists before its commit does, so that one that commits now is in the list.
      const look = async (tip: string) =>
        decideReap(
          await repo.history(tip, HISTORY_COMMITS, ({ values }) => values.farmersEnabled !== true),
          await listWorkflows(kube, selector),
        );
      let decision = await look(await repo.fetch());
      let sha: string | undefined;
      if (decision.what === 'reap' && decision.run !== undefined && !isSet(flags, 'dry-run')) {
        const decide = async (_values: unknown, tip: string) => {
          decision = await look(tip);
          return decision.assignments ?? decision.reason;
        };
        const result = await gitSet(repo, { run: decision.run, phase: 'reap', cluster: oneLine(flags, 'cluster'), decide }, ports);
        sha = result.changed ? result.sha : undefined;
      }
      const done =
        decision.what === 'reap'
          ? sha === undefined
            ? 'would take down'
            : `taken down (${sha.slice(0, 12)})`
          : decision.what === 'report'
            ? 'reported'
            : 'nothing to do';
      ports.out(flags.format === 'json' ? JSON.stringify({ ...decision, sha }) : `${done}: ${decision.reason}`);
      return EXIT_FINE;
    } finally {
      close();
    }
  },
};
