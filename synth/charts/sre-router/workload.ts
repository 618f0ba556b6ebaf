import type { Chart } from 'cdk8s';
import { k8s } from 'cdk8s-plus-27';
import type { Template, TemplateContext } from '../../chart.js';
import { addFields } from '../../newer-fields.js';
import { type Component, KEPT, labels, partLabels } from './names.js';
import { podTemplate, type Role } from './pod.js';
import type { SreRouterValues, V } from './values.js';

/** The pods that run events; of a single router, all pods there are. */
export const router: Template<typeof SreRouterValues> = (chart, v, context) => {
  new k8s.KubeServiceAccount(chart, 'account', {
    metadata: { name: v.release.name, labels: labels(v), annotations: v.serviceAccount.annotations },
    automountServiceAccountToken: false,
  });
  if (v.log.kind === 'embedded')
    new k8s.KubePersistentVolumeClaim(chart, 'log', {
      metadata: { name: `${v.release.name}-log`, labels: labels(v), annotations: KEPT },
      spec: {
        accessModes: ['ReadWriteOnce'],
        storageClassName: v.log.storageClass,
        resources: { requests: { storage: k8s.Quantity.fromString(v.log.volume) } },
      },
    });
  deployment(chart, v, context, {
    component: 'router',
    name: v.release.name,
    role: v.router.topology === 'split' ? 'route' : 'all',
    replicas: v.router.replicas,
  });
};

/** The other two roles of a split router. */
export const split: Template<typeof SreRouterValues> = (chart, v, context) => {
  if (v.router.topology !== 'split') return;
  deployment(chart, v, context, { component: 'ingest', name: `${v.release.name}-ingest`, role: 'ingest', replicas: v.ingest.replicas });
  deployment(chart, v, context, { component: 'api', name: `${v.release.name}-api`, role: 'api', replicas: v.api.replicas });
};

interface Part {
  readonly component: Component;
  readonly name: string;
  readonly role: Role;
  readonly replicas: number;
}

function deployment(chart: Chart, v: V, { checksum }: TemplateContext, { component, name, role, replicas }: Part): void {
  const checksums = { 'checksum/config': checksum('config.yaml'), 'checksum/mappings': checksum('mappings.yaml') };
  const object = new k8s.KubeDeployment(chart, component, {
    metadata: { name, labels: partLabels(v, component) },
    spec: {
      replicas,
      revisionHistoryLimit: 3,
      // The embedded log refuses a second process, so the old pod has to be gone first.
      strategy:
        v.log.kind === 'embedded'
          ? { type: 'Recreate' }
          : {
              type: 'RollingUpdate',
              rollingUpdate: { maxSurge: k8s.IntOrString.fromNumber(1), maxUnavailable: k8s.IntOrString.fromNumber(0) },
            },
      selector: { matchLabels: partLabels(v, component) },
      template: podTemplate(v, component, role, checksums),
    },
  });
  addFields(object, { spec: { template: { spec: { affinity: v.router.affinity } } } });
}
