import { AwsClient } from 'aws4fetch';
import { MANIFEST_NAME, type Manifest, readManifest } from '#runtime/dcr/manifest.js';
import { type CacheStore, partKey, type WrittenPart } from './cache-store.js';
import type { Properties } from './properties.js';

/** Real objects are gigabytes; what counts here is that they are there, with size and etag. */
const PART_BYTES = 1_024;

/** The cache of a node in S3, with credentials from the environment. The manifest is written last. */
export class S3Cache implements CacheStore {
  readonly #client: AwsClient;
  readonly #base: string;

  constructor(cache: Properties['cache'], keys: { accessKeyId: string; secretAccessKey: string }) {
    this.#client = new AwsClient({ ...keys, service: 's3', region: cache.region, retries: 0 });
    this.#base = `${cache.endpoint ?? ''}/${cache.bucket}/${cache.prefix}`;
  }

  async manifestRun(): Promise<string | undefined> {
    const answer = await this.#client.fetch(`${this.#base}/${MANIFEST_NAME}`);
    const text = await answer.text();
    if (answer.status === 404) return undefined;
    if (!answer.ok) throw new Error(`S3 answers ${answer.status}`);
    const manifest = readManifest(text);
    return typeof manifest === 'string' ? undefined : manifest.runId;
  }

  async writePart(run: string, number: number): Promise<WrittenPart> {
    const key = partKey(run, number);
    const etag = await this.#put(key, Buffer.alloc(PART_BYTES, number));
    return { key, bytes: PART_BYTES, etag };
  }

  async writeManifest(manifest: Manifest): Promise<void> {
    await this.#put(MANIFEST_NAME, Buffer.from(JSON.stringify(manifest)));
  }

  async #put(key: string, body: Buffer): Promise<string> {
    const answer = await this.#client.fetch(`${this.#base}/${key}`, { method: 'PUT', body: new Uint8Array(body) });
    await answer.arrayBuffer();
    if (!answer.ok) throw new Error(`S3 answers ${answer.status} to PUT ${key}`);
    return (answer.headers.get('etag') ?? '').replaceAll('"', '');
  }
}
