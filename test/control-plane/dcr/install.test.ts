import { dcrChart } from '#synth/charts/dcr/chart.js';
import { testOnControlPlane } from '#test/control-plane/chart-suite.js';

testOnControlPlane(dcrChart, {
  variants: {
    '': {},
    'in the middle of a run, another probe, and nothing beyond core': {
      dcr: { runId: 'r-1', mode: 'balance', minFarmers: 2, workflow: { enabled: false } },
      farmers: { enabled: true, replicas: 3, tolerations: [{ key: 'dcr', operator: 'Exists' }] },
      probe: { kind: 'exec', command: ['/opt/node/status'] },
      monitoring: { enabled: false },
      imagePullSecrets: [{ name: 'registry' }],
    },
  },
  namespaceLabels: { 'pod-security.kubernetes.io/enforce': 'baseline' },
  // Rights to read the Application are in the namespace of Argo CD.
  cluster: [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'argocd' } }],
});
