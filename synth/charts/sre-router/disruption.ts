import type { Chart } from 'cdk8s';
import { k8s } from 'cdk8s-plus-27';
import type { Template } from '../../chart.js';
import { type Component, partLabels } from './names.js';
import type { SreRouterValues, V } from './values.js';

/** Nodes are drained one pod of each part at a time; a pod that does not work anyway never holds a drain up. */
export const disruption: Template<typeof SreRouterValues> = (chart, v) => {
  budget(chart, v, 'router', v.release.name);
  if (v.router.topology === 'split') {
    budget(chart, v, 'ingest', `${v.release.name}-ingest`);
    budget(chart, v, 'api', `${v.release.name}-api`);
  }
};

function budget(chart: Chart, v: V, component: Component, name: string): void {
  new k8s.KubePodDisruptionBudget(chart, component, {
    metadata: { name, labels: partLabels(v, component) },
    spec: {
      maxUnavailable: k8s.IntOrString.fromNumber(1),
      unhealthyPodEvictionPolicy: 'AlwaysAllow',
      selector: { matchLabels: partLabels(v, component) },
    },
  });
}
