import { k8s } from 'cdk8s-plus-27';
import type { Template } from '../../chart.js';
import { DONOR, FIRST, type Role, SET, selector, type V } from './names.js';
import type { DcrValues } from './values.js';

/**
 * One headless Service a role. They publish not-ready addresses: nodes register before they are ready, and the backend looks them up then. Consumers of a
 * complete data set use the donor, which has only a pod that the workflow has labelled as guardian, and only while it is ready.
 */
export const network: Template<typeof DcrValues> = (chart, v) => {
  for (const role of ['synchronizer', 'farmer'] as const)
    new k8s.KubeService(chart, role, {
      metadata: { name: SET[role], labels: selector(role), annotations: FIRST },
      spec: { clusterIp: 'None', publishNotReadyAddresses: true, selector: selector(role), ports: ports(v) },
    });
  new k8s.KubeService(chart, 'donor', {
    metadata: { name: DONOR, labels: donorLabels('synchronizer'), annotations: FIRST },
    spec: { selector: { ...selector('synchronizer'), 'dcr.example.io/state': 'guardian' }, ports: ports(v) },
  });
};

const donorLabels = (role: Role): Record<string, string> => ({ ...selector(role), 'app.kubernetes.io/component': 'donor' });

function ports(v: V): k8s.ServicePort[] {
  return [{ name: 'tcp-thrift', port: v.node.port, targetPort: k8s.IntOrString.fromString('tcp-thrift') }];
}
