import type { Clock, Random } from '../clock.js';
import { asError } from '../errors.js';
import { DcrError } from './dcr-error.js';
import { gitSet } from './git-set.js';
import type { Kube } from './kube-client.js';
import { getApplication, getPod, getStatefulSet, podPath } from './kube-objects.js';
import type { CacheState } from './manifest.js';
import type { NodeStatus } from './node-status.js';
import { sleep } from './sleep.js';
import { STATE_LABEL, type Standing, whatStands } from './standing.js';
import type { ValuesRepo } from './values-repo.js';

const POLL_MS = 5_000;

export interface Check {
  readonly what: string;
  readonly ok: boolean;
  readonly detail: string;
}

export interface PreflightRequest {
  readonly run: string;
  readonly cluster: string | undefined;
  readonly synchronizer: string;
  readonly farmers: string;
  readonly application: { readonly namespace: string; readonly name: string };
  readonly replaceGuardian: boolean;
  /** How long a released synchronizer may take to go. */
  readonly timeoutMs: number;
}

export interface PreflightPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly stop: AbortSignal;
  readonly kube: Kube;
  readonly repo: ValuesRepo;
  /** Undefined: no S3 is configured. */
  readonly cache: ((run: string) => Promise<CacheState>) | undefined;
  askNode(): Promise<NodeStatus | undefined>;
  say(line: string): void;
}

/** Every right that the run will need, tried without changing anything. All are tried, so that all that is missing is named at once. */
export async function preflightChecks(
  request: PreflightRequest,
  { kube, repo, cache }: PreflightPorts,
): Promise<{ checks: Check[]; onlyUnreachable: boolean }> {
  let onlyUnreachable = true;
  const check = async (what: string, look: () => Promise<string>): Promise<Check> => {
    try {
      return { what, ok: true, detail: await look() };
    } catch (error) {
      if (!(error instanceof DcrError) || error.code !== 'UNREACHABLE') onlyUnreachable = false;
      return { what, ok: false, detail: asError(error).message };
    }
  };
  const missing = (text: string): never => {
    throw new DcrError('MISSING', text);
  };
  const { synchronizer, farmers, application } = request;
  const pod = `${synchronizer}-0`;
  const checks = await Promise.all([
    check(`push ${repo.file}`, async () => {
      const tip = await repo.fetch();
      await repo.valuesAt(tip);
      await repo.push(tip, { dryRun: true });
      return `may push on ${tip.slice(0, 12)}`;
    }),
    check(`read Application ${application.namespace}/${application.name}`, async () => {
      const found = await getApplication(kube, application.namespace, application.name);
      return found === undefined
        ? missing('there is none; check --application and --application-namespace')
        : `is ${found.status?.sync?.status ?? 'not synced yet'}`;
    }),
    ...[synchronizer, farmers].map((name) =>
      check(`read StatefulSet ${name}`, async () => {
        const found = await getStatefulSet(kube, name);
        return found === undefined
          ? missing(`there is none in ${kube.namespace}; is the chart synced?`)
          : `${found.status?.replicas ?? 0} replicas`;
      }),
    ),
    check(`read pod ${pod}`, async () => ((await getPod(kube, pod)) === undefined ? 'may read; it does not exist now' : 'may read')),
    check(`label pod ${pod}`, async () => {
      const patched = await kube.mergePatch(podPath(kube, pod), { metadata: { labels: { [STATE_LABEL]: null } } }, { dryRun: true });
      return patched === undefined ? 'may label; it does not exist now' : 'may label';
    }),
    ...(cache === undefined ? [] : [check('read the cache in S3', async () => (await cache(request.run)).seen)]),
  ]);
  return { checks, onlyUnreachable };
}

/**
 * Makes way: refuses while something of an earlier run stands; with `replaceGuardian` the synchronizer is released by a commit, and waited for until its pod is gone.
 * Stopped and run again it goes on from what it sees.
 * @throws DcrError STANDS, TIMEOUT, and those of gitSet.
 */
export async function makeWay(request: PreflightRequest, ports: PreflightPorts): Promise<Standing> {
  const { run, cluster, synchronizer, farmers, timeoutMs, replaceGuardian } = request;
  const { kube, repo, clock, stop, say } = ports;
  const startedMs = clock.nowMs();
  let said = '';
  for (;;) {
    const tip = await repo.fetch();
    const pod = await getPod(kube, `${synchronizer}-0`);
    const standing = whatStands({
      run,
      pod,
      status: pod === undefined ? undefined : await ports.askNode(),
      values: await repo.valuesAt(tip),
      farmers: await getStatefulSet(kube, farmers),
    });
    if (standing.what === 'free') return standing;
    if (standing.what === 'farmers')
      throw new DcrError(
        'STANDS',
        `${standing.seen}. Farmers take their run when they start: set farmers.enabled to false, and start the run again when they are gone.`,
      );
    if (standing.what === 'synchronizer') {
      if (!replaceGuardian)
        throw new DcrError(
          'STANDS',
          `${standing.seen}. It may hold the only complete data set. Start the run with replaceGuardian (--replace-guardian) to release it first.`,
        );
      const { sha, changed } = await gitSet(
        repo,
        { run, phase: 'release-guardian', cluster, decide: () => ({ 'synchronizer.enabled': false }) },
        ports,
      );
      say(`${standing.seen}: ${changed ? 'released' : 'is released'} by commit ${sha.slice(0, 12)}.`);
    }
    if (clock.nowMs() - startedMs > timeoutMs)
      throw new DcrError('TIMEOUT', `The synchronizer is released in git but has not gone: ${standing.seen}. Is Argo CD syncing?`);
    if (said !== standing.seen) say(`Waiting until it is gone: ${standing.seen}.`);
    said = standing.seen;
    await sleep(clock, POLL_MS, stop);
  }
}
