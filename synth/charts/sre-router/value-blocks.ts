import { z } from 'zod';

/** Building blocks of this chart's values beside those of synth/value-types.ts. Their texts stay legal inside router.yaml. */

/** A duration of the router's configuration. */
export const duration = (): z.ZodString => z.string().regex(/^(?:[0-9]{1,6}(?:ms|s|m|h|d))+$/);
/** Name of a Secret or ConfigMap. */
export const objectName = (): z.ZodString =>
  z
    .string()
    .regex(/^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/)
    .max(253);
/** Key of a Secret or ConfigMap. */
export const dataKey = (): z.ZodString =>
  z
    .string()
    .regex(/^[-._A-Za-z0-9]+$/)
    .max(253);
/** Printable ASCII in one line. */
export const line = (): z.ZodString => z.string().regex(/^[ -~]+$/);
/** Name of a source or destination of one's own: with a dash, so that it cannot be one that the chart makes. */
export const dashedName = (): z.ZodString =>
  z
    .string()
    .regex(/^[a-z0-9]+(?:-[a-z0-9]+)+$/)
    .max(63);

const settingKey = (): z.ZodString => z.string().regex(/^[A-Za-z][A-Za-z0-9-]*$/);
const scalar = z.union([line(), z.int(), z.boolean()]);
type Scalar = z.output<typeof scalar>;
type Settings = Record<string, Scalar | Record<string, Scalar>>;
/** Name → settings as docs/configuration.md has them. The router checks them at its start, `sre-router check` before. */
export const settingsByName = (): z.ZodRecord<z.ZodString, z.ZodType<Settings>> =>
  z.record(dashedName(), z.record(settingKey(), z.union([scalar, z.record(settingKey(), scalar)])));

const LABEL = '[A-Za-z0-9](?:[-A-Za-z0-9]*[A-Za-z0-9])?';
const BYTE = '(?:[1-9]?[0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5])';
const HOST = `(?:(?:${LABEL}\\.)*[A-Za-z](?:[-A-Za-z0-9]*[A-Za-z0-9])?|${BYTE}(?:\\.${BYTE}){3})`;
const PORT = '(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2})';
/** An address as the router takes it: no user, password, query or fragment. */
export const address = (): z.ZodString => z.string().regex(new RegExp(`^https?:\\/\\/${HOST}(?::${PORT})?(?:\\/[-A-Za-z0-9._~/]*)?$`));

/** A key of a Secret that people make. */
export const secretKey = (name: string, key: string, what: string) =>
  z
    .strictObject({
      name: objectName().default(name).describe(`Secret with ${what}.`),
      key: dataKey().default(key).describe('Its key there.'),
    })
    .prefault({})
    .describe(`${what[0]?.toUpperCase()}${what.slice(1)}.`);
