import { z } from 'zod';

/** Building blocks for the values of charts. Each says what its text can hold, so that it stays legal wherever a chart puts it. */

/** All but what YAML cannot carry through Helm: C1 controls, line and paragraph separators, non-characters. */
const TEXT = /^[^\u007f-\u009f\u2028\u2029\ufffe\uffff]*$/;
const LABEL_KEY = /^(?:[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?$/;

/** Any text. It is passed on as one value; inside a longer text use a narrower type. */
export const text = (): z.ZodString => z.string().regex(TEXT);
/** A DNS label: names of objects, Secrets, namespaces. */
export const dnsLabel = (): z.ZodString =>
  z
    .string()
    .regex(/^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/)
    .max(63);
/** A DNS name of several labels, e.g. a host or the name of a KafkaTopic. */
export const dnsName = (): z.ZodString =>
  z
    .string()
    .regex(/^[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?$/)
    .max(253);
export const url = (): z.ZodString => z.string().regex(/^https?:\/\/[-A-Za-z0-9.:_~/?&=%+@,]+$/);
/** Host and port. */
export const hostPort = (): z.ZodString => z.string().regex(/^[-A-Za-z0-9._]+:[0-9]{1,5}$/);
/** An image with or without registry, without tag. */
export const imageName = (): z.ZodString => z.string().regex(/^[a-z0-9][-a-zA-Z0-9._/:]*$/);
export const imageTag = (): z.ZodString =>
  z
    .string()
    .regex(/^[A-Za-z0-9_][-A-Za-z0-9._]*$/)
    .max(128);
/** A Kubernetes quantity, e.g. 500m, 2Gi. */
export const quantity = (): z.ZodString => z.string().regex(/^[0-9]+(?:\.[0-9]+)?(?:m|k|M|G|T|Ki|Mi|Gi|Ti)?$/);

export const labelMap = (): z.ZodRecord<z.ZodString, z.ZodString> =>
  z.record(
    z.string().regex(LABEL_KEY),
    z
      .string()
      .regex(/^(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/)
      .max(63),
  );
export const annotationMap = (): z.ZodRecord<z.ZodString, z.ZodString> => z.record(z.string().regex(LABEL_KEY), text());
/** Requests or limits. */
export const quantityMap = (): z.ZodRecord<z.ZodString, z.ZodString> => z.record(z.string().regex(LABEL_KEY), quantity());

export const extraEnv = (): z.ZodArray<typeof envVariable> => z.array(envVariable);
const envVariable = z.strictObject({ name: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), value: text() });

export const tolerations = (): z.ZodArray<typeof toleration> => z.array(toleration);
const toleration = z.strictObject({
  key: z.string().regex(LABEL_KEY).exactOptional(),
  operator: z.enum(['Exists', 'Equal']).exactOptional(),
  value: text().exactOptional(),
  effect: z.enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute']).exactOptional(),
  tolerationSeconds: z.int().min(0).exactOptional(),
});

export type Anything = string | number | boolean | Anything[] | { [key: string]: Anything };
const anything: z.ZodType<Anything> = z.lazy(() =>
  z.union([text(), z.number(), z.boolean(), z.array(anything), z.record(text(), anything)]),
);
/** A map or list that the chart does not look into, e.g. an affinity. Null is refused inside too: Helm drops it or not, by version. */
export const anyMap = (): z.ZodRecord<z.ZodString, z.ZodType<Anything>> => z.record(text(), anything);
export const anyList = (): z.ZodArray<z.ZodType<Anything>> => z.array(anything);
