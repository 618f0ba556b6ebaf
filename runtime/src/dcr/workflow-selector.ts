import { type Flags, optional, required } from './flags.js';

export const CLUSTER_LABEL = 'dcr.example.io/cluster';

/** Which workflows are runs of this cluster. */
export const selectorOf = (flags: Flags): string =>
  optional(flags, 'workflow-selector') ?? `${CLUSTER_LABEL}=${required(flags, 'cluster')}`;
