import { ApiObject } from 'cdk8s';
import type { Template } from '../../chart.js';
import { applicationSpec } from './application-spec.js';
import { labels, SERVER_SIDE_DIFF, WAVE, WAVE_ANNOTATION } from './common.js';
import type { ArgocdValues } from './values.js';

/**
 * `dcr-<name>` for each express cluster: an ApplicationSet, so that the list of clusters is one value. What is taken off the list is deleted
 * with its pods only where `cascade` says so.
 */
export const dcrApplications: Template<typeof ArgocdValues> = (chart, v) => {
  if (v.dcr.clusters.length === 0) return;
  new ApiObject(chart, 'dcr', {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'ApplicationSet',
    metadata: {
      name: `dcr-${v.environment}`,
      namespace: v.release.namespace,
      labels: labels(v),
      annotations: { [WAVE_ANNOTATION]: WAVE.dcr },
    },
    spec: {
      goTemplate: true,
      goTemplateOptions: ['missingkey=error'],
      generators: [{ list: { elements: v.dcr.clusters } }],
      syncPolicy: { preserveResourcesOnDeletion: !v.cascade },
      template: {
        metadata: {
          name: 'dcr-{{ .name }}',
          labels: labels(v),
          annotations: { ...v.annotations, ...SERVER_SIDE_DIFF },
          ...(v.cascade && { finalizers: ['resources-finalizer.argocd.argoproj.io'] }),
        },
        spec: applicationSpec(v, { chart: 'dcr', values: '{{ .values }}', namespace: `${v.dcr.namespacePrefix}-{{ .name }}` }),
      },
    },
  });
};
