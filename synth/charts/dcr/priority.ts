import { k8s } from 'cdk8s-plus-27';
import type { Template } from '../../chart.js';
import { FIRST } from './names.js';
import type { DcrValues } from './values.js';

/** Of the whole Kubernetes cluster, so that one installation makes them for all. */
export const priority: Template<typeof DcrValues> = (chart, v) => {
  if (!v.priorityClasses.create) return;
  new k8s.KubePriorityClass(chart, 'guardian', {
    metadata: { name: v.priorityClasses.guardian, annotations: FIRST },
    value: 1_000_000,
    description: 'The synchronizer of a Dynamic Cache Rebuild: losing it loses the data set.',
  });
  new k8s.KubePriorityClass(chart, 'farmer', {
    metadata: { name: v.priorityClasses.farmer, annotations: FIRST },
    value: 1_000,
    preemptionPolicy: 'Never',
    description: 'Farmers of a Dynamic Cache Rebuild: they wait for room and push nobody out.',
  });
};
