import { asError } from '../errors.js';
import type { Command } from './command.js';
import { DcrError, EXIT_FINE } from './dcr-error.js';
import { objectName, optional } from './flags.js';
import {
  APPLICATION_OPTIONS,
  FORMAT_OPTION,
  GIT_OPTIONS,
  KUBE_OPTIONS,
  NODE_OPTIONS,
  RUN_OPTIONS,
  S3_OPTIONS,
  WORKFLOW_OPTIONS,
} from './options.js';
import type { Part, StatusReport } from './status-report.js';

const HISTORY_COMMITS = 10;
const WORKFLOWS = 10;

export const statusCommand: Command = {
  name: 'status',
  describe: 'What runs, failed and waits, how the synchronizer is, and the last replica counts from git',
  exits: '0 all of it is known · 1 wrong usage · 3 a part could not be read (the rest is shown)',
  options: {
    ...RUN_OPTIONS,
    ...KUBE_OPTIONS,
    ...APPLICATION_OPTIONS,
    ...WORKFLOW_OPTIONS,
    ...NODE_OPTIONS,
    ...GIT_OPTIONS,
    ...S3_OPTIONS,
    ...FORMAT_OPTION,
  },
  examples: [
    ['$0 status --cluster express-7', ''],
    ['$0 status --format json', 'for scripts'],
  ],
  async run(flags, ports) {
    const [{ kubeOf, nodeOf, repoOf, s3Of }, { askNode }, { checkCache }, objects, { selectorOf }, { statusText, workflowLine }] =
      await Promise.all([
        import('./settings.js'),
        import('./probe-node.js'),
        import('./manifest.js'),
        import('./kube-objects.js'),
        import('./workflow-selector.js'),
        import('./status-report.js'),
      ]);
    const kube = kubeOf(flags, ports);
    const { repo, close } = repoOf(flags, ports);
    try {
      const history = await part(async () => await repo.history(await repo.fetch(), HISTORY_COMMITS));
      const run = optional(flags, 'run-id') ?? (history.ok ? history.value[0]?.values.runId : undefined);
      const [workflows, synchronizer, pods, application, cache] = await Promise.all([
        part(async () => (await objects.listWorkflows(kube, selectorOf(flags))).slice(0, WORKFLOWS).map(workflowLine)),
        part(async () => {
          const { address, limits } = nodeOf(flags);
          return await askNode(address, limits);
        }),
        part(async () => {
          const names = [objectName(flags, 'synchronizer'), objectName(flags, 'farmers')];
          const sets = await Promise.all(names.map(async (name) => [name, await objects.getStatefulSet(kube, name)] as const));
          return Object.fromEntries(
            sets.map(([name, set]) => [name, { wanted: set?.spec.replicas ?? 0, ready: set?.status?.readyReplicas ?? 0 }]),
          );
        }),
        part(async () => {
          const name = objectName(flags, 'application');
          const found = await objects.getApplication(kube, objectName(flags, 'application-namespace'), name);
          if (found === undefined) throw new DcrError('MISSING', `there is no Application ${name}`);
          const { sync, health } = found.status ?? {};
          return {
            sync: sync?.status ?? 'Unknown',
            revision: sync?.revision ?? sync?.revisions?.join(',') ?? '',
            health: health?.status ?? 'Unknown',
          };
        }),
        part(async () => {
          if (run === undefined) return 'git names no run';
          const { s3, prefix } = s3Of(flags, ports);
          return (await checkCache(s3, prefix, run)).seen;
        }),
      ]);
      const report: StatusReport = { workflows, synchronizer, pods, application, cache, history };
      ports.out(flags.format === 'json' ? JSON.stringify(report, null, 2) : statusText(report));
      const unknown = Object.entries(report).filter(([, { ok }]) => !(ok as boolean));
      if (unknown.length === 0) return EXIT_FINE;
      throw new DcrError('UNREACHABLE', `Not known: ${unknown.map(([name]) => name).join(', ')}.`);
    } finally {
      close();
    }
  },
};

async function part<T>(read: () => Promise<T>): Promise<Part<T>> {
  try {
    return { ok: true, value: await read() };
  } catch (error) {
    return { ok: false, why: asError(error).message };
  }
}
