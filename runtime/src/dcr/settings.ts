import { tmpdir } from 'node:os';
import { awsCredentials } from './aws-credentials.js';
import { DcrError } from './dcr-error.js';
import { durationMs, type Flags, httpUrl, isSet, objectName, oneLine, optional, portNumber, required } from './flags.js';
import { Git } from './git.js';
import { openHttp } from './http-ask.js';
import { type Kube, openKube } from './kube-client.js';
import type { Ports } from './ports.js';
import { openS3, type S3 } from './s3-client.js';
import { wireOf } from './settings-wire.js';
import type { AskLimits, NodeAddress } from './thrift-client.js';
import { ValuesRepo } from './values-repo.js';

/** Flags → the things of the world that a command works with. Each is made only by the commands that need it. */

const CONNECT_TIMEOUT_MS = 1_000;

/** `host`: instead of --node-host. */
export function nodeOf(flags: Flags, host?: string): { address: NodeAddress; limits: AskLimits } {
  const timeoutMs = durationMs(flags, 'node-timeout');
  return {
    address: { host: host ?? required(flags, 'node-host'), port: portNumber(flags, 'node-port'), ...wireOf(flags) },
    limits: { timeoutMs, connectTimeoutMs: Math.min(timeoutMs, CONNECT_TIMEOUT_MS) },
  };
}

export function kubeOf(flags: Flags, ports: Ports): Kube {
  return openKube(
    {
      api: httpUrl(flags, 'kube-api'),
      tokenFile: optional(flags, 'token-file'),
      caFile: optional(flags, 'ca-file'),
      namespace: optional(flags, 'namespace') === undefined ? undefined : objectName(flags, 'namespace'),
    },
    ports.env,
  );
}

/** The values file's repository; the caller closes it. */
export function repoOf(flags: Flags, ports: Ports): { repo: ValuesRepo; close(): void } {
  const url = required(flags, 'git-url');
  // What begins with a dash would be read as an option, by git or by ssh.
  if (url.startsWith('-')) throw new DcrError('USAGE', '--git-url: expected a URL or a path.');
  if (/^https?:\/\/[^/]*@/.test(url))
    throw new DcrError('USAGE', '--git-url: expected a URL without user and password; use ssh with --ssh-key-file.');
  const branch = required(flags, 'git-branch');
  if (!/^[A-Za-z0-9][\w./-]{0,199}$/.test(branch) || branch.includes('..'))
    throw new DcrError('USAGE', '--git-branch: expected a branch name.');
  const file = required(flags, 'git-file');
  if (/^[/-]|\/\/|(^|\/)\.\.?(\/|$)|[\p{C}:*?[\]\\]/u.test(file))
    throw new DcrError('USAGE', '--git-file: expected a path in the repository, such as charts/dcr/env/prod.yaml.');
  const sshKeyFile = optional(flags, 'ssh-key-file');
  const knownHostsFile = optional(flags, 'known-hosts-file');
  if (sshKeyFile !== undefined && knownHostsFile === undefined)
    throw new DcrError('USAGE', '--ssh-key-file needs --known-hosts-file: a server whose key is not known is refused.');
  const git = new Git(
    {
      url,
      branch,
      userName: oneLine(flags, 'git-name') ?? 'dcrctl',
      userEmail: oneLine(flags, 'git-email') ?? '',
      sshKeyFile,
      knownHostsFile,
      workDir: optional(flags, 'work-dir') ?? tmpdir(),
    },
    ports.env,
  );
  return { repo: new ValuesRepo(git, file), close: () => git.close() };
}

export function s3Of(flags: Flags, ports: Ports): { s3: S3; prefix: string } {
  const region = optional(flags, 's3-region') ?? ports.env.AWS_REGION ?? ports.env.AWS_DEFAULT_REGION;
  if (region === undefined)
    throw new DcrError('USAGE', '--s3-region is missing (or AWS_REGION); for an S3 without regions us-east-1 is usual.');
  const prefix = (optional(flags, 's3-prefix') ?? '').replaceAll(/^\/+|\/+$/g, '');
  const http = openHttp();
  const settings = {
    endpoint: httpUrl(flags, 's3-endpoint'),
    region,
    bucket: required(flags, 's3-bucket'),
    prefix,
    pathStyle: isSet(flags, 's3-path-style'),
  };
  return { s3: openS3(settings, http, awsCredentials(ports.env, region, http, ports.clock)), prefix };
}
