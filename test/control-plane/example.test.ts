import { exampleChart } from '#test/synth/example/chart.js';
import { EXAMPLE } from '#test/synth/repository.js';
import { testOnControlPlane } from './chart-suite.js';

testOnControlPlane(exampleChart, {
  root: EXAMPLE,
  cluster: [{ apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name: 'important' }, value: 1000 }],
});
