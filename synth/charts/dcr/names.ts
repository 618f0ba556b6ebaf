import type { Values } from '../../chart.js';
import type { DcrValues } from './values.js';

export type V = Values<typeof DcrValues>;
export type Role = 'farmer' | 'synchronizer';

/** Names are fixed: there is one installation in a namespace, and dcrctl, nodes and people know them (docs/dcr-node.md). */
export const SET: Readonly<Record<Role, string>> = { farmer: 'dcr-farmer', synchronizer: 'dcr-synchronizer' };
export const PROPERTIES = 'dcr-properties';
export const DONOR = 'dcr-donor';
export const WORKFLOW = 'dcr-workflow';

/** Never changed: a StatefulSet's selector is immutable. */
export const selector = (role: Role): Record<string, string> => ({ 'app.kubernetes.io/name': 'dcr', 'dcr.example.io/role': role });

/** `pod`: of a node, e.g. `$(POD_NAME)`. The name that it registers, and that DNS knows before it is ready. */
export const fqdn = (v: V, role: Role, pod: string): string => `${pod}.${SET[role]}.${v.release.namespace}.svc.${v.clusterDomain}`;

const WAVE = 'argocd.argoproj.io/sync-wave';
/** Before the StatefulSets, which are the last wave, both of them: a sync ends with them applied and waits for no pod to be ready. */
export const FIRST: Readonly<Record<string, string>> = { [WAVE]: '-1' };
export const LAST: Readonly<Record<string, string>> = { [WAVE]: '0' };

/** Where pods run and what pulls their images. What is empty is left out: Kubernetes drops it, and Argo CD would see a difference for ever. */
export function placement(v: V, { nodeSelector, tolerations }: Pick<V['farmers'], 'nodeSelector' | 'tolerations'>) {
  return {
    ...(v.imagePullSecrets.length > 0 ? { imagePullSecrets: v.imagePullSecrets } : {}),
    ...(Object.keys(nodeSelector).length > 0 ? { nodeSelector } : {}),
    ...(tolerations.length > 0 ? { tolerations } : {}),
  };
}
