import { z } from 'zod';
import { isRunId } from './run-id.js';
import type { S3 } from './s3-client.js';

/** `<prefix>/_SUCCESS`: written last, names its run and what it consists of. docs/dcr-node.md has the rules for writing it. */
export const MANIFEST_NAME = '_SUCCESS';
const MAX_OBJECTS = 100_000;

export const manifestSchema = z.looseObject({
  runId: z.string().refine(isRunId, 'expected a run id'),
  /** Version of the data format. */
  dataset: z.string().min(1),
  rows: z.int().min(0),
  writtenAt: z.iso.datetime({ offset: true }),
  objects: z
    .array(
      z.looseObject({
        /** Relative to the prefix. */
        key: z.string().min(1).max(900),
        bytes: z.int().min(0),
        /** As S3 answered when it was written; without quotes. */
        etag: z.string().min(1).optional(),
      }),
    )
    .min(1)
    .max(MAX_OBJECTS),
});
export type Manifest = z.infer<typeof manifestSchema>;

export interface CacheState {
  /** complete: of this run, and every object is there as the manifest says. stale: of another run. */
  readonly state: 'absent' | 'stale' | 'invalid' | 'incomplete' | 'complete';
  /** One line. */
  readonly seen: string;
}

/** Objects looked at side by side. */
const CONCURRENCY = 16;

/** Is the cache of this run there, whole? Sizes and etags are compared, the data itself is not read. @throws DcrError REFUSED, UNREACHABLE */
export async function checkCache(s3: S3, prefix: string, run: string): Promise<CacheState> {
  const at = (key: string): string => (prefix === '' ? key : `${prefix}/${key}`);
  const found = await s3.read('GET', at(MANIFEST_NAME));
  if (found === undefined) return { state: 'absent', seen: `no ${MANIFEST_NAME} in ${s3.where}` };
  const manifest = readManifest(found.text);
  if (typeof manifest === 'string') return { state: 'invalid', seen: `${MANIFEST_NAME} in ${s3.where} is not valid: ${manifest}` };
  if (manifest.runId !== run) return { state: 'stale', seen: `${MANIFEST_NAME} in ${s3.where} is of run ${manifest.runId}, not ${run}` };
  const wrong = await firstWrong(manifest.objects, async ({ key, bytes, etag }) => {
    const object = await s3.read('HEAD', at(key));
    if (object === undefined) return `${key} is missing`;
    if (object.bytes !== bytes) return `${key} has ${object.bytes} bytes, the manifest says ${bytes}`;
    return etag !== undefined && object.etag !== '' && object.etag !== etag
      ? `${key} has etag ${object.etag}, the manifest says ${etag}`
      : undefined;
  });
  if (wrong !== undefined) return { state: 'incomplete', seen: `${MANIFEST_NAME} in ${s3.where} is of this run, but ${wrong}` };
  const bytes = manifest.objects.reduce((sum, object) => sum + object.bytes, 0);
  return {
    state: 'complete',
    seen: `${MANIFEST_NAME} in ${s3.where} is of this run: ${manifest.objects.length} objects, ${bytes} bytes, ${manifest.rows} rows`,
  };
}

/** The manifest, or what is wrong with it. */
export function readManifest(text: string): Manifest | string {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return 'no JSON';
  }
  const parsed = manifestSchema.safeParse(json);
  return parsed.success ? parsed.data : z.prettifyError(parsed.error).replaceAll(/\s+/g, ' ').slice(0, 200);
}

async function firstWrong<T>(items: readonly T[], check: (item: T) => Promise<string | undefined>): Promise<string | undefined> {
  let next = 0;
  let wrong: string | undefined;
  const worker = async (): Promise<void> => {
    while (next < items.length && wrong === undefined) {
      const item = items[next] as T;
      next += 1;
      wrong ??= await check(item);
    }
  };
  await Promise.all(Array.from({ length: Math.min(CONCURRENCY, items.length) }, worker));
  return wrong;
}
