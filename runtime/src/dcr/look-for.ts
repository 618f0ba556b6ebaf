import type { Kube } from './kube-client.js';
import { getApplication } from './kube-objects.js';
import type { Look } from './look.js';
import type { CacheState } from './manifest.js';
import { judgeNode } from './node-phase.js';
import type { NodeStatus } from './node-status.js';
import type { Phase } from './phase.js';
import { judgeSynced } from './synced-phase.js';
import type { ValuesRepo } from './values-repo.js';

/** What a look needs, made at the first look that needs it. */
export interface LookSources {
  kube(): Kube;
  application(): { namespace: string; name: string };
  repo(): ValuesRepo;
  /** A text: why there is no answer. */
  askNode(): Promise<NodeStatus | string>;
  cache(run: string): Promise<CacheState>;
}

/** One look at the world for this phase. Throws DcrError when it could not look. */
export async function lookFor(phase: Phase, run: string, sources: LookSources): Promise<Look> {
  if (phase.name === 'synced') return await lookSynced(phase.sha, run, sources);
  if (phase.name !== 'cache-written') return judgeNode(phase, await sources.askNode(), run);
  const [cache, status] = await Promise.all([sources.cache(run), sources.askNode()]);
  const node = judgeNode(phase, status, run);
  const seen = `${cache.seen}; ${node.seen}`;
  // The data is safe once the manifest says so, whatever has become of the node that wrote it.
  if (cache.state === 'complete') return { ...node, verdict: 'reached', seen: cache.seen };
  return { ...node, seen };
}

async function lookSynced(sha: string, run: string, sources: LookSources): Promise<Look> {
  const { namespace, name } = sources.application();
  const repo = sources.repo();
  const application = await getApplication(sources.kube(), namespace, name);
  let isFetched = false;
  // Cloned and fetched only when Argo CD is at another commit than ours, or to read the values there.
  const known = async (revision: string): Promise<boolean> => {
    if (await repo.has(revision)) return true;
    if (!isFetched) await repo.fetch();
    isFetched = true;
    return await repo.has(revision);
  };
  return await judgeSynced(application, {
    sha,
    run,
    contains: async (revision) => revision === sha || ((await known(revision)) && (await repo.contains(revision, sha))),
    runAt: async (revision) => ((await known(revision)) ? (await repo.valuesAt(revision)).runId : undefined),
  });
}
