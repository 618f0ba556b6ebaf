import type { V } from './values.js';

/** Order within the environment: the project, then the router, then what reports to it. */
export const WAVE = { project: '-1', router: '0', dcr: '1' } as const;
export const WAVE_ANNOTATION = 'argocd.argoproj.io/sync-wave';

/** The server says what differs, as it does when it applies: defaults of the API server are no differences. */
export const SERVER_SIDE_DIFF = { 'argocd.argoproj.io/compare-options': 'ServerSideDiff=true' } as const;

/** Not app.kubernetes.io/instance: where Argo CD tracks by that label, it is its own. */
export const labels = (v: V): Record<string, string> => ({ ...v.labels, 'app.kubernetes.io/part-of': 'sre-router' });
