import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { parseDurationMs } from '#runtime/clock.js';
import { isRunId } from '#runtime/dcr/run-id.js';

/** The properties file of docs/dcr-node.md, as a node reads it. */
export const propertiesSchema = z
  .object({
    runId: z.string().refine((text) => text === '' || isRunId(text)),
    cluster: z.string().min(1),
    mode: z.enum(['static', 'balance']),
    minFarmers: z.int().min(2).max(100),
    maxFarmers: z.int().min(2).max(100),
    expectedFarmers: z.int().min(0).max(100),
    waitForExpected: z.string().refine((text) => parseDurationMs(text) !== undefined),
    onInsufficientFarmers: z.literal('wait'),
    farmerName: z.string().includes('{ordinal}'),
    cache: z.object({
      endpoint: z.url().optional(),
      region: z.string(),
      bucket: z.string().min(1),
      prefix: z.string(),
      pathStyle: z.boolean().default(false),
    }),
  })
  .refine(({ minFarmers, maxFarmers }) => minFarmers <= maxFarmers);
export type Properties = z.infer<typeof propertiesSchema>;

export const readProperties = (file: string): Properties => propertiesSchema.parse(JSON.parse(readFileSync(file, 'utf8')));

/** A whole file for tests. */
export const PROPERTIES: Properties = {
  runId: 'r-1',
  cluster: 'express-7',
  mode: 'balance',
  minFarmers: 2,
  maxFarmers: 100,
  expectedFarmers: 3,
  waitForExpected: '10m',
  onInsufficientFarmers: 'wait',
  farmerName: 'dcr-farmer-{ordinal}.dcr-farmer.dcr.svc.cluster.local',
  cache: { region: 'us-east-1', bucket: 'cache', prefix: 'express-7', pathStyle: true },
};
