import { sreRouterChart } from '#synth/charts/sre-router/chart.js';
import { testOnControlPlane } from '#test/control-plane/chart-suite.js';
import { DELIVERIES } from './deliveries.js';

testOnControlPlane(sreRouterChart, {
  variants: DELIVERIES,
  // Topics of one name, which stay, in a namespace for each case.
  valuesIn: (namespace) => ({ kafka: { strimzi: { namespace } } }),
  namespaceLabels: { 'pod-security.kubernetes.io/enforce': 'restricted' },
});
