import { z } from 'zod';
import type { Kube } from './kube-client.js';

/** The objects that dcrctl reads, and the parts of them that it looks at. */
const part = encodeURIComponent;

const podSchema = z.looseObject({
  metadata: z.looseObject({
    name: z.string(),
    uid: z.string(),
    labels: z.record(z.string(), z.string()).optional(),
    deletionTimestamp: z.string().optional(),
  }),
  status: z.looseObject({ phase: z.string().optional(), podIP: z.string().optional() }).optional(),
});
export type Pod = z.infer<typeof podSchema>;

const statefulSetSchema = z.looseObject({
  spec: z.looseObject({ replicas: z.int().optional() }),
  status: z
    .looseObject({ replicas: z.int().optional(), readyReplicas: z.int().optional(), availableReplicas: z.int().optional() })
    .optional(),
});
export type StatefulSet = z.infer<typeof statefulSetSchema>;

const applicationSchema = z.looseObject({
  status: z
    .looseObject({
      sync: z
        .looseObject({ status: z.string().optional(), revision: z.string().optional(), revisions: z.array(z.string()).optional() })
        .optional(),
      health: z.looseObject({ status: z.string().optional() }).optional(),
      operationState: z
        .looseObject({
          phase: z.string().optional(),
          message: z.string().optional(),
          syncResult: z.looseObject({ revision: z.string().optional(), revisions: z.array(z.string()).optional() }).optional(),
        })
        .optional(),
    })
    .optional(),
});
export type Application = z.infer<typeof applicationSchema>;

const workflowListSchema = z.looseObject({
  items: z.array(
    z.looseObject({
      metadata: z.looseObject({
        name: z.string(),
        uid: z.string(),
        creationTimestamp: z.string().optional(),
        labels: z.record(z.string(), z.string()).optional(),
      }),
      spec: z
        .looseObject({
          arguments: z.looseObject({ parameters: z.array(z.looseObject({ name: z.string(), value: z.unknown() })).optional() }).optional(),
        })
        .optional(),
      status: z
        .looseObject({
          phase: z.string().optional(),
          message: z.string().optional(),
          nodes: z
            .record(
              z.string(),
              z.looseObject({ type: z.string().optional(), phase: z.string().optional(), displayName: z.string().optional() }),
            )
            .optional(),
        })
        .optional(),
    }),
  ),
});
export type Workflow = z.infer<typeof workflowListSchema>['items'][number];

export const podPath = (kube: Kube, name: string): string => `/api/v1/namespaces/${part(kube.namespace)}/pods/${part(name)}`;

export const getPod = (kube: Kube, name: string): Promise<Pod | undefined> => kube.get(podPath(kube, name), podSchema);

export const getStatefulSet = (kube: Kube, name: string): Promise<StatefulSet | undefined> =>
  kube.get(`/apis/apps/v1/namespaces/${part(kube.namespace)}/statefulsets/${part(name)}`, statefulSetSchema);

export const getApplication = (kube: Kube, namespace: string, name: string): Promise<Application | undefined> =>
  kube.get(`/apis/argoproj.io/v1alpha1/namespaces/${part(namespace)}/applications/${part(name)}`, applicationSchema);

/** Newest first. None when Argo Workflows is not installed. */
export async function listWorkflows(kube: Kube, selector: string): Promise<Workflow[]> {
  const path = `/apis/argoproj.io/v1alpha1/namespaces/${part(kube.namespace)}/workflows?labelSelector=${part(selector)}`;
  const items = (await kube.get(path, workflowListSchema))?.items ?? [];
  const createdAt = ({ metadata }: Workflow): string => metadata.creationTimestamp ?? '';
  return items.sort((a, b) => (createdAt(a) < createdAt(b) ? 1 : createdAt(a) > createdAt(b) ? -1 : 0));
}
