import { z } from 'zod';

/**
 * The features of Argo Workflows that the interpreter runs, as strict schemas: a field that it would ignore is an error, so that no test passes because of something
 * that was never looked at.
 */
const parameter = z.strictObject({
  name: z.string(),
  value: z.string().optional(),
  default: z.string().optional(),
  enum: z.array(z.string()).optional(),
  description: z.string().optional(),
  valueFrom: z
    .union([z.strictObject({ path: z.string() }), z.strictObject({ supplied: z.strictObject({}), default: z.string() })])
    .optional(),
});
const parameters = z.strictObject({ parameters: z.array(parameter) });

const step = z.strictObject({
  name: z.string(),
  template: z.string(),
  when: z.string().optional(),
  continueOn: z.strictObject({ failed: z.boolean().optional(), error: z.boolean().optional() }).optional(),
  arguments: parameters.optional(),
});

const container = z.strictObject({
  image: z.string(),
  command: z.array(z.string()),
  args: z.array(z.string()),
  env: z.array(z.strictObject({ name: z.string(), value: z.string() })).default([]),
  envFrom: z.array(z.strictObject({ configMapRef: z.strictObject({ name: z.string() }) })).default([]),
  volumeMounts: z.array(z.strictObject({ name: z.string(), mountPath: z.string(), readOnly: z.boolean().optional() })).default([]),
  // These change nothing of what a workflow does.
  terminationMessagePolicy: z.literal('FallbackToLogsOnError'),
  resources: z.object({}),
  securityContext: z.object({}),
});

const template = z.strictObject({
  name: z.string(),
  inputs: parameters.optional(),
  outputs: parameters.optional(),
  steps: z.array(z.array(step)).optional(),
  suspend: z.strictObject({ duration: z.string() }).optional(),
  container: container.optional(),
  retryStrategy: z
    .strictObject({ limit: z.string(), expression: z.string(), backoff: z.strictObject({ duration: z.string() }) })
    .optional(),
  volumes: z.array(z.strictObject({ name: z.string(), emptyDir: z.strictObject({}) })).default([]),
});

const volume = z.strictObject({ name: z.string(), secret: z.strictObject({ secretName: z.string() }) });

export const workflowSpec = z.strictObject({
  entrypoint: z.string(),
  onExit: z.string().optional(),
  arguments: parameters.optional(),
  activeDeadlineSeconds: z.int().positive(),
  synchronization: z.strictObject({ mutexes: z.array(z.strictObject({ name: z.string() })) }).optional(),
  workflowMetadata: z.strictObject({ labels: z.record(z.string(), z.string()) }).optional(),
  templates: z.array(template),
  volumes: z.array(volume).default([]),
  // Where and as whom pods run, how long finished workflows are kept, and metrics.
  serviceAccountName: z.string(),
  securityContext: z.object({}),
  podGC: z.object({}),
  ttlStrategy: z.object({}),
  metrics: z.object({}).optional(),
  nodeSelector: z.object({}).optional(),
  tolerations: z.array(z.object({})).optional(),
  imagePullSecrets: z.array(z.object({})).optional(),
});

export type WorkflowSpec = z.output<typeof workflowSpec>;
export type TemplateSpec = z.output<typeof template>;
export type StepSpec = z.output<typeof step>;
export type ContainerSpec = z.output<typeof container>;

/** What `{{…}}` may name at one place. */
export type Scope = ReadonlyMap<string, string>;

/** Argo leaves a tag that it does not know as it is, or refuses the workflow; here it is always an error. */
export function expand(text: string, scope: Scope): string {
  return text.replaceAll(/\{\{([^{}]*)\}\}/g, (tag, name: string) => {
    const value = scope.get(name);
    if (value === undefined) throw new Error(`${tag} is not known here; known: ${[...scope.keys()].join(', ')}`);
    return value;
  });
}
