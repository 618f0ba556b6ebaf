import { pathToFileURL } from 'node:url';
import { S3_KEYS } from '#test/dcr/s3.js';

const FAST_TIME = pathToFileURL(
  `${new URL(import.meta.url.endsWith('.ts') ? '../../../' : '../../../../', import.meta.url).pathname}test/dist/dcr/fast-time.js`,
).href;

/** Of processes on a clock that runs `factor` times as fast since `fromMs`, with the credentials of a pod. */
export const nodeEnv = (factor: number, fromMs: number): Record<string, string> => ({
  NODE_OPTIONS: `--import=${FAST_TIME}`,
  TIME_FACTOR: String(factor),
  TIME_FROM_MS: String(fromMs),
  AWS_ACCESS_KEY_ID: S3_KEYS.accessKeyId,
  AWS_SECRET_ACCESS_KEY: S3_KEYS.secretAccessKey,
});
