import type { Chart } from 'cdk8s';
import { k8s } from 'cdk8s-plus-27';
import type { Template } from '../../chart.js';
import { type Component, HTTP_PORT, partLabels } from './names.js';
import type { SreRouterValues, V } from './values.js';

/** `<release>` takes events; of a split router `<release>-api` answers questions and commands. */
export const services: Template<typeof SreRouterValues> = (chart, v) => {
  const isSplit = v.router.topology === 'split';
  service(chart, v, { id: 'service', name: v.release.name, component: isSplit ? 'ingest' : 'router' });
  if (isSplit) service(chart, v, { id: 'api', name: `${v.release.name}-api`, component: 'api' });
};

function service(chart: Chart, v: V, { id, name, component }: { id: string; name: string; component: Component }): void {
  new k8s.KubeService(chart, id, {
    metadata: { name, labels: partLabels(v, component) },
    spec: {
      selector: partLabels(v, component),
      ports: [{ name: 'http', port: HTTP_PORT, targetPort: k8s.IntOrString.fromString('http'), appProtocol: 'http' }],
    },
  });
}
