import type { V } from './values.js';

/** One chart of this repository, deployed by Argo CD. */
export interface Deployed {
  readonly chart: 'sre-router' | 'dcr';
  /** Of its values file, without .yaml. */
  readonly values: string;
  readonly namespace: string;
}

/** The spec of an Application, as argoproj.io/v1alpha1 has it: what we use of it. */
interface ApplicationSpec {
  readonly project: string;
  readonly destination: { readonly name: string; readonly namespace: string };
  readonly source?: Source;
  readonly sources?: readonly Source[];
  readonly syncPolicy: {
    readonly automated?: { readonly prune: boolean; readonly selfHeal: boolean };
    readonly syncOptions: readonly string[];
    readonly retry: {
      readonly limit: number;
      readonly backoff: { readonly duration: string; readonly factor: number; readonly maxDuration: string };
    };
  };
}

interface Source {
  readonly repoURL: string;
  readonly targetRevision: string;
  readonly path?: string;
  /** What other sources call this one: `$values/…`. */
  readonly ref?: string;
  readonly helm?: { readonly releaseName: string; readonly valueFiles: readonly string[] };
}

/** Differences of replicas are not ignored: git says how many there are, and who turned them by hand is turned back. */
export function applicationSpec(v: V, { chart, values, namespace }: Deployed): ApplicationSpec {
  const charts = (valueFile: string): Source => ({
    repoURL: v.source.repoUrl,
    targetRevision: v.source.revision,
    path: `${v.source.path}/${chart}`,
    // The release names the objects, so it is the same in every environment, and not the Application's name.
    helm: { releaseName: chart, valueFiles: [valueFile] },
  });
  return {
    project: v.project.name,
    destination: { name: v.cluster, namespace },
    ...(v.values.from === 'charts'
      ? { source: charts(`env/${values}.yaml`) }
      : {
          sources: [
            charts(`$values/${v.values.path}/${chart}/${values}.yaml`),
            { repoURL: v.values.repoUrl, targetRevision: v.values.revision, ref: 'values' },
          ],
        }),
    syncPolicy: {
      ...(v.sync.automated && { automated: { prune: v.sync.prune, selfHeal: true } }),
      syncOptions: [
        ...(v.sync.createNamespace ? ['CreateNamespace=true'] : []),
        'ServerSideApply=true',
        'PruneLast=true',
        // Two environments that would fight over one object are told so.
        'FailOnSharedResource=true',
      ],
      // For admission webhooks and CRDs that come up beside us.
      retry: { limit: 5, backoff: { duration: '10s', factor: 2, maxDuration: '5m' } },
    },
  };
}
