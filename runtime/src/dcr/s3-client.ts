import { AwsV4Signer } from 'aws4fetch';
import type { AwsCredentials } from './aws-credentials.js';
import { DcrError } from './dcr-error.js';
import type { HttpAnswer, HttpAsk } from './http-ask.js';

export interface S3Settings {
  /** Undefined: Amazon's own of the region. */
  readonly endpoint: string | undefined;
  readonly region: string;
  readonly bucket: string;
  /** Of the cluster's cache; without slashes at its ends. */
  readonly prefix: string;
  /** http://endpoint/bucket/key instead of http://bucket.endpoint/key. Most endpoints that are not Amazon's need it. */
  readonly pathStyle: boolean;
}

export interface S3Object {
  readonly bytes: number;
  /** Without quotes; '' when the server gives none. */
  readonly etag: string;
  readonly text: string;
}

/** Reads single objects with signed requests (SigV4). Nothing here writes. */
export interface S3 {
  readonly where: string;
  /** Undefined: there is no such object. `HEAD` brings size and etag, `GET` the text too. @throws DcrError REFUSED, UNREACHABLE */
  read(method: 'GET' | 'HEAD', key: string): Promise<S3Object | undefined>;
}

export function openS3(
  settings: S3Settings,
  ask: (request: HttpAsk) => Promise<HttpAnswer>,
  credentials: () => Promise<AwsCredentials>,
): S3 {
  const { endpoint = `https://s3.${settings.region}.amazonaws.com`, bucket, region, pathStyle } = settings;
  const urlOf = (key: string): URL => {
    const url = new URL(endpoint);
    if (!pathStyle) url.hostname = `${bucket}.${url.hostname}`;
    const path = `${pathStyle ? `${bucket}/` : ''}${key}`;
    url.pathname = `${url.pathname.replace(/\/$/, '')}/${path.split('/').map(encodeURIComponent).join('/')}`;
    return url;
  };
  return {
    where: `s3://${bucket}/${settings.prefix}`,
    async read(method, key) {
      const signer = new AwsV4Signer({ ...(await credentials()), method, url: urlOf(key).href, service: 's3', region });
      const { url, headers } = await signer.sign();
      const answer = await ask({ method, url, headers: Object.fromEntries(headers.entries()) });
      const what = `${method} s3://${bucket}/${key}`;
      if (answer.status === 404) return undefined;
      if (answer.status === 200)
        return {
          bytes: Number(answer.headers.get('content-length') ?? Buffer.byteLength(answer.text)),
          etag: (answer.headers.get('etag') ?? '').replaceAll('"', ''),
          text: answer.text,
        };
      const said = /<Code>([A-Za-z0-9]{1,64})<\/Code>/.exec(answer.text)?.[1];
      const why = `${what}: ${answer.status}${said === undefined ? '' : ` ${said}`}`;
      if (answer.status >= 500 || answer.status === 429) throw new DcrError('UNREACHABLE', why);
      // S3 answers 403 for a missing object too when the bucket may not be listed.
      throw new DcrError('REFUSED', `${why}. Check bucket, region and that the role may s3:GetObject and s3:ListBucket.`);
    },
  };
}
