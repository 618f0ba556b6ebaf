import type { Command } from './command.js';
import { DcrError, EXIT_FINE } from './dcr-error.js';
import { durationMs, isSet, objectName, oneLine, optional } from './flags.js';
import { APPLICATION_OPTIONS, FORMAT_OPTION, GIT_OPTIONS, KUBE_OPTIONS, NODE_OPTIONS, RUN_OPTIONS, S3_OPTIONS } from './options.js';
import { checkRunId } from './run-id.js';

export const preflightCommand: Command = {
  name: 'preflight',
  describe: 'Prove, before anything is scaled, that a run may do all it will have to, and that nothing stands in its way',
  exits:
    '0 may start · 1 wrong usage · 2 something is missing, or an earlier run stands · 3 could not be found out · 4 the released synchronizer has not gone in time',
  options: {
    'replace-guardian': { describe: 'Release a synchronizer of an earlier run by a commit, and wait until it is gone', flag: true },
    timeout: { describe: 'How long a released synchronizer may take to go', default: '30m' },
    ...RUN_OPTIONS,
    ...KUBE_OPTIONS,
    ...APPLICATION_OPTIONS,
    ...GIT_OPTIONS,
    ...NODE_OPTIONS,
    ...S3_OPTIONS,
    ...FORMAT_OPTION,
  },
  examples: [
    ['$0 preflight --run-id r-7', 'with the rest in the environment'],
    ['$0 preflight --run-id r-7 --replace-guardian', ''],
  ],
  async run(flags, ports) {
    const request = {
      run: checkRunId(optional(flags, 'run-id')),
      cluster: oneLine(flags, 'cluster'),
      synchronizer: objectName(flags, 'synchronizer'),
      farmers: objectName(flags, 'farmers'),
      application: { namespace: objectName(flags, 'application-namespace'), name: objectName(flags, 'application') },
      replaceGuardian: isSet(flags, 'replace-guardian'),
      timeoutMs: durationMs(flags, 'timeout'),
    };
    const [{ makeWay, preflightChecks }, { kubeOf, nodeOf, repoOf, s3Of }, { checkCache }, { askNode }] = await Promise.all([
      import('./preflight.js'),
      import('./settings.js'),
      import('./manifest.js'),
      import('./probe-node.js'),
    ]);
    const kube = kubeOf(flags, ports);
    const node = nodeOf(flags);
    const s3 = optional(flags, 's3-bucket') === undefined ? undefined : s3Of(flags, ports);
    const { repo, close } = repoOf(flags, ports);
    try {
      const all = {
        ...ports,
        say: (line: string) => ports.say(line),
        kube,
        repo,
        cache: s3 === undefined ? undefined : (run: string) => checkCache(s3.s3, s3.prefix, run),
        askNode: () => askNode(node.address, node.limits).catch(() => undefined),
      };
      const { checks, onlyUnreachable } = await preflightChecks(request, all);
      const failed = checks.filter(({ ok }) => !ok);
      const lines = checks.map(({ what, ok, detail }) => `${ok ? 'ok     ' : 'MISSING'}  ${what}: ${detail}`);
      if (failed.length > 0) {
        ports.out(flags.format === 'json' ? JSON.stringify({ run: request.run, ready: false, checks }) : lines.join('\n'));
        throw new DcrError(
          onlyUnreachable ? 'UNREACHABLE' : 'MISSING',
          `Nothing was changed. Missing: ${failed.map(({ what }) => what).join(', ')}.`,
        );
      }
      if (flags.format !== 'json') ports.out(lines.join('\n'));
      const standing = await makeWay(request, all);
      ports.out(flags.format === 'json' ? JSON.stringify({ run: request.run, ready: true, checks, standing }) : `ready: ${standing.seen}`);
      return EXIT_FINE;
    } finally {
      close();
    }
  },
};
