import { parseArgs } from 'node:util';
import { S3_KEYS, startS3 } from './s3.js';

/** The S3 stand-in as a process. First line: {"url", "accessKeyId", "secretAccessKey", "region"}. */
const { values: flags } = parseArgs({ options: { port: { type: 'string', default: '0' } } });
const { url } = await startS3({ port: Number(flags.port) });
process.stdout.write(`${JSON.stringify({ url, ...S3_KEYS })}\n`);
