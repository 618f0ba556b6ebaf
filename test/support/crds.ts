import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import type { K8sObject } from '#synth/k8s-object.js';
import type { Kube } from './kube.js';
import { until } from './processes.js';

/** A CRD's name, `<plural>.<group>`. */
export type CrdName = string;

const ARGO_EVENTS = ['eventbus', 'eventsources', 'sensors'] as const;
/** Kinds of Argo Workflows that are read, or named in Roles, and of which the schemas folder has no CRD. */
const ARGO_WORKFLOWS = { workflows: 'Workflow', workflowtaskresults: 'WorkflowTaskResult' } as const;
const ARGO_EVENTS_KINDS = { eventbus: 'EventBus', eventsources: 'EventSource', sensors: 'Sensor' } as const;

/** Upstream's CRDs for Argo Events say of `spec` only that anything goes; so do these. */
function anythingGoes(plural: string, kind: string): K8sObject {
  const open = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.argoproj.io` },
    spec: {
      group: 'argoproj.io',
      names: { kind, listKind: `${kind}List`, plural, singular: kind.toLowerCase() },
      scope: 'Namespaced',
      versions: [
        {
          name: 'v1alpha1',
          served: true,
          storage: true,
          subresources: plural === 'workflowtaskresults' ? undefined : { status: {} },
          schema: {
            openAPIV3Schema: {
              type: 'object',
              required: ['metadata'],
              properties: {
                apiVersion: { type: 'string' },
                kind: { type: 'string' },
                metadata: { type: 'object' },
                spec: open,
                status: open,
              },
            },
          },
        },
      ],
    },
  };
}

/**
 * All CRDs that the charts know of: those of `UPSTREAM_SCHEMAS` (absent: none of them), Argo Events' three and two of Argo Workflows by us.
 * Upstream's descriptions are left out: with them and the record of who set each field, two are larger than etcd takes.
 */
export function allCrds(): ReadonlyMap<CrdName, K8sObject> {
  const folder = process.env.UPSTREAM_SCHEMAS;
  const files = folder === undefined ? [] : readdirSync(folder).filter((file) => file.endsWith('.crd.yaml'));
  const upstream = files.map((file) => {
    const text = readFileSync(join(folder ?? '', file), 'utf8');
    const object = parseDocument(text).toJS({ maxAliasCount: 0 }) as K8sObject;
    return JSON.parse(JSON.stringify(object, withoutTexts)) as K8sObject;
  });
  const ours = [
    ...ARGO_EVENTS.map((plural) => anythingGoes(plural, ARGO_EVENTS_KINDS[plural])),
    ...Object.entries(ARGO_WORKFLOWS).map(([plural, kind]) => anythingGoes(plural, kind)),
  ];
  return new Map([...upstream, ...ours].map((crd) => [crd.metadata.name, crd]));
}

const withoutTexts = (key: string, value: unknown): unknown => (key === 'description' && typeof value === 'string' ? undefined : value);

const DISCOVERY = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

interface DiscoveredGroup {
  readonly metadata: { readonly name: string };
  readonly versions: readonly { readonly resources?: readonly { readonly resource: string }[] }[];
}

/** Whether clients find the kind: what kubectl and Helm read, and later than when objects can be written. (The CRDs themselves are up to 0.5 MB, and say less.) */
async function isServed(kube: Kube, { spec }: K8sObject): Promise<boolean> {
  const { group, names } = spec as { group: string; names: { plural: string } };
  const groups = (await kube.do('/apis', { accept: DISCOVERY })).items as DiscoveredGroup[];
  const found = groups.filter(({ metadata }) => metadata.name === group).flatMap(({ versions }) => versions);
  return found.some(({ resources = [] }) => resources.some(({ resource }) => resource === names.plural));
}

/** Installs CRDs by server-side apply and waits until objects of them are served. */
export async function installCrds(kube: Kube, crds: Iterable<K8sObject>): Promise<void> {
  await Promise.all(
    [...crds].map(async (crd) => {
      await kube.apply(crd, { manager: 'crds' });
      await until(`${crd.metadata.name} to be served`, async () => ((await isServed(kube, crd)) ? true : undefined));
    }),
  );
  kube.forgetKinds();
}

/** Takes CRDs away with all their objects, and waits until they are gone. */
export async function removeCrds(kube: Kube, crds: Iterable<K8sObject>): Promise<void> {
  await Promise.all(
    [...crds].map(async (crd) => {
      await kube.remove(crd);
      await until(`${crd.metadata.name} to go`, async () => ((await isServed(kube, crd)) ? undefined : true));
    }),
  );
  kube.forgetKinds();
}
