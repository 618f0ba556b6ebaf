import { any, is, isEmpty, not, require } from '../../require.js';

/** An empty list of destinations would be a project that allows nothing, and nothing to deploy. */
export const argocdRules = [
  require(any(is('router.enabled', true), not(isEmpty('dcr.clusters'))), 'nothing to deploy: set router.enabled, or name dcr.clusters'),
];
