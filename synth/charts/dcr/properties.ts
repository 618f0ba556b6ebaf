import { k8s } from 'cdk8s-plus-27';
import type { Template } from '../../chart.js';
import { FIRST, fqdn, PROPERTIES, type V } from './names.js';
import type { DcrValues } from './values.js';

/** What the nodes read (docs/dcr-node.md). No pod template bears its checksum: other counts, or another run, start no pod anew. */
export const properties: Template<typeof DcrValues> = (chart, v) => {
  new k8s.KubeConfigMap(chart, 'properties', {
    metadata: { name: PROPERTIES, annotations: FIRST },
    data: { 'dcr.json': `${JSON.stringify(contentOf(v), undefined, 2)}\n` },
  });
};

function contentOf(v: V): object {
  const { mode, minFarmers, maxFarmers, waitForExpected, onInsufficientFarmers, runId } = v.dcr;
  return {
    runId,
    cluster: v.cluster,
    mode,
    minFarmers,
    maxFarmers,
    expectedFarmers: v.farmers.replicas,
    waitForExpected,
    onInsufficientFarmers,
    farmerName: fqdn(v, 'farmer', 'dcr-farmer-{ordinal}'),
    cache: {
      ...(v.s3.endpoint === '' ? {} : { endpoint: v.s3.endpoint }),
      region: v.s3.region,
      bucket: v.s3.bucket,
      prefix: v.s3.prefix,
      pathStyle: v.s3.pathStyle,
    },
  };
}
