import { ApiObject } from 'cdk8s';
import type { Template } from '../../chart.js';
import { applicationSpec } from './application-spec.js';
import { labels, SERVER_SIDE_DIFF, WAVE, WAVE_ANNOTATION } from './common.js';
import type { ArgocdValues } from './values.js';

/** `sre-router-<environment>`. */
export const routerApplication: Template<typeof ArgocdValues> = (chart, v) => {
  if (!v.router.enabled) return;
  new ApiObject(chart, 'router', {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: {
      name: `sre-router-${v.environment}`,
      namespace: v.release.namespace,
      labels: labels(v),
      annotations: { ...v.annotations, ...SERVER_SIDE_DIFF, [WAVE_ANNOTATION]: WAVE.router },
      ...(v.cascade && { finalizers: ['resources-finalizer.argocd.argoproj.io'] }),
    },
    spec: applicationSpec(v, { chart: 'sre-router', values: v.environment, namespace: v.router.namespace }),
  });
};
