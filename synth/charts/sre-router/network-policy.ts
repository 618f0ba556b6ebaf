import { ApiObject } from 'cdk8s';
import type { Template } from '../../chart.js';
import type { Anything } from '../../value-types.js';
import { HTTP_PORT, labels, partLabels, ROUTER_PARTS } from './names.js';
import type { SreRouterValues, V } from './values.js';

/** Who reaches the router's pods, and whom they reach. */
export const networkPolicy: Template<typeof SreRouterValues> = (chart, v) => {
  if (!v.networkPolicy.enabled) return;
  // Not by its cdk8s type: that takes lists of values apart.
  new ApiObject(chart, 'policy', {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: v.release.name, labels: labels(v) },
    spec: {
      podSelector: {
        matchLabels: labels(v),
        matchExpressions: [{ key: 'app.kubernetes.io/component', operator: 'In', values: ROUTER_PARTS }],
      },
      policyTypes: ['Ingress', 'Egress'],
      ingress: ingress(v),
      egress: egress(v),
    },
  });
};

interface Port {
  readonly port: number;
  readonly protocol?: 'TCP' | 'UDP';
}
type Peer = Readonly<Record<string, unknown>>;
type Rule = { readonly from?: readonly Peer[]; readonly to?: readonly Peer[]; readonly ports?: readonly Port[] } | Record<string, Anything>;

const tcp = (port: number): Port => ({ port, protocol: 'TCP' });
const namespaces = (names: readonly string[]): Peer => ({
  namespaceSelector: { matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: names }] },
});

/** An empty list of peers would mean everybody, so an empty list of names gives no rule. */
function ingress(v: V): Rule[] {
  const ports = [tcp(HTTP_PORT)];
  const { alertmanagerNamespaces, prometheusNamespaces, dcrNamespaces, callers } = v.networkPolicy;
  return [
    { from: [namespaces(prometheusNamespaces)], ports },
    ...(v.delivery === 'direct' ? [{ from: [namespaces(alertmanagerNamespaces)], ports }] : []),
    ...(v.delivery === 'http' ? [{ from: [{ podSelector: { matchLabels: partLabels(v, 'sensor') } }], ports }] : []),
    ...(dcrNamespaces.length > 0 ? [{ from: [namespaces(dcrNamespaces)], ports }] : []),
    ...(callers.length > 0 ? [{ from: callers, ports }] : []),
  ];
}

function egress({ networkPolicy, egressProxy, log }: V): Rule[] {
  return [
    // DNS wherever it is: a node-local resolver is in no namespace.
    { ports: [{ port: 53, protocol: 'UDP' }, tcp(53)] },
    ...(log.kind === 'kafka' ? [{ ports: networkPolicy.kafkaPorts }] : []),
    egressProxy.url === ''
      ? { to: [{ ipBlock: { cidr: '0.0.0.0/0', except: networkPolicy.clusterCidrs } }], ports: [tcp(443)] }
      : { ports: [tcp(egressProxy.port)] },
    ...networkPolicy.egress,
  ];
}
