import { z } from 'zod';
import type { Values } from '../../chart.js';
import { annotationMap, anyList, dnsLabel, labelMap } from '../../value-types.js';

/** As `git clone` takes it: https, ssh, or git@host:path. */
const gitUrl = (): z.ZodString => z.string().regex(/^(?:https:\/\/|ssh:\/\/|git@)[-A-Za-z0-9.:_~/@+%]+$/);
/** Branch, tag or commit. */
const revision = (): z.ZodString => z.string().regex(/^[A-Za-z0-9][-A-Za-z0-9._/]*$/);
/** Folder in a repository, without slash at its ends. */
const folder = (): z.ZodString => z.string().regex(/^[A-Za-z0-9_][-A-Za-z0-9._]*(?:\/[A-Za-z0-9_][-A-Za-z0-9._]*)*$/);

/** The values of charts/argocd: the only source of their types, defaults, bounds and docs. One release of it is one environment. */
export const ArgocdValues = z.strictObject({
  environment: dnsLabel()
    .default('staging')
    .describe('Its name: in the names of Applications, and of the values file of charts/sre-router.'),
  project: z
    .strictObject({
      create: z.boolean().default(true).describe('Make the AppProject. false: it is made by others.'),
      name: dnsLabel().default('sre').describe('Its name.'),
      syncWindows: anyList().default([]).describe('When syncs are allowed or denied, as Argo CD has it.'),
    })
    .prefault({})
    .describe('The AppProject: what these Applications may touch, and where.'),
  source: z
    .strictObject({
      repoUrl: gitUrl().default('https://git.example/sre/sre-router.git').describe('Repository with the charts.'),
      revision: revision().default('main').describe('Its branch, tag or commit.'),
      path: folder().default('charts').describe('Folder of the charts in it.'),
    })
    .prefault({})
    .describe('Where the charts are.'),
  values: z
    .strictObject({
      from: z
        .enum(['charts', 'own'])
        .default('charts')
        .describe('charts: env/<environment>.yaml beside the charts. own: a repository of your own, <path>/<chart>/<environment>.yaml.'),
      repoUrl: gitUrl().default('https://git.example/sre/values.git').describe('own: that repository.'),
      revision: revision().default('main').describe('own: its branch, tag or commit.'),
      path: folder().default('values').describe('own: folder in it.'),
    })
    .prefault({})
    .describe('Where the values files are.'),
  cluster: dnsLabel().default('in-cluster').describe('Kubernetes cluster to deploy to, by its name in Argo CD.'),
  router: z
    .strictObject({
      enabled: z.boolean().default(true).describe('The Application sre-router-<environment>.'),
      namespace: dnsLabel().default('sre-router').describe('Its namespace.'),
      kafkaNamespace: dnsLabel().optional().describe('Namespace of the KafkaTopics, where kafka.topics is strimzi.'),
    })
    .prefault({})
    .describe('The router.'),
  dcr: z
    .strictObject({
      clusters: z
        .array(z.strictObject({ name: dnsLabel(), values: dnsLabel() }))
        .default([])
        .describe(
          'Express clusters, e.g. [{ name: express-7, values: prod }]: each is an Application dcr-<name> with charts/dcr/env/<values>.yaml.',
        ),
      workflows: z
        .boolean()
        .default(false)
        .describe(
          "Rebuilds run as Argo workflows, which read their Application: the project allows their Role in Argo CD's own namespace.",
        ),
      namespacePrefix: dnsLabel().max(30).default('dcr').describe('The namespace of each is <namespacePrefix>-<name>.'),
    })
    .prefault({})
    .describe('Dynamic Cache Rebuild.'),
  sync: z
    .strictObject({
      automated: z.boolean().default(true).describe('Sync by itself what is committed. false: a person presses Sync.'),
      prune: z.boolean().default(true).describe('automated: delete what is no longer rendered. Topics and volumes are kept anyway.'),
      createNamespace: z.boolean().default(true).describe('Make the namespaces. false: they are made by others.'),
    })
    .prefault({})
    .describe('When and how Argo CD applies.'),
  cascade: z
    .boolean()
    .default(false)
    .describe('Deleting an Application deletes what it deployed. false: that goes on running, and a new Application finds it.'),
  labels: labelMap().default({}).describe("Labels for all objects beside the chart's own."),
  annotations: annotationMap()
    .default({})
    .describe('Annotations for the Applications, e.g. notifications.argoproj.io/subscribe.on-degraded.slack.'),
});

export type V = Values<typeof ArgocdValues>;
