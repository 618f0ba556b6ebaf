import { k8s } from 'cdk8s-plus-27';
import type { Template } from '../../chart.js';
import { FIRST, SET, selector } from './names.js';
import type { DcrValues } from './values.js';

/**
 * The synchronizer is never evicted, ready or not: IfHealthyBudget refuses also while it boots and waits, when it is most fragile. Who drains its machine
 * follows the runbook. Farmers go one at a time, and one that cannot become ready blocks no drain. Each pod matches one budget.
 */
export const budgets: Template<typeof DcrValues> = (chart) => {
  new k8s.KubePodDisruptionBudget(chart, 'synchronizer', {
    metadata: { name: SET.synchronizer, annotations: FIRST },
    spec: {
      maxUnavailable: k8s.IntOrString.fromNumber(0),
      unhealthyPodEvictionPolicy: 'IfHealthyBudget',
      selector: { matchLabels: selector('synchronizer') },
    },
  });
  new k8s.KubePodDisruptionBudget(chart, 'farmer', {
    metadata: { name: SET.farmer, annotations: FIRST },
    spec: {
      maxUnavailable: k8s.IntOrString.fromNumber(1),
      unhealthyPodEvictionPolicy: 'AlwaysAllow',
      selector: { matchLabels: selector('farmer') },
    },
  });
};
