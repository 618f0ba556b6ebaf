import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Fb303Server, startFb303 } from '#test/dcr/fb303-server.js';
import { GitRemote, VALUES } from '#test/dcr/git-remote.js';
import { KUBE_TOKEN, type KubeStandIn, startKube } from '#test/dcr/kube-api.js';
import { asEnv, Dcrctl } from '#test/dcr/process/dcrctl.js';
import { S3_KEYS, type S3StandIn, startS3 } from '#test/dcr/s3.js';
import { Processes } from '#test/support/processes.js';

export const POD = '/api/v1/namespaces/dcr/pods/dcr-synchronizer-0';
export const APPLICATION = '/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/dcr-express-7';
const STATEFUL_SETS = '/apis/apps/v1/namespaces/dcr/statefulsets';
const WORKFLOWS = '/apis/argoproj.io/v1alpha1/namespaces/dcr/workflows';

/** What the commands of a run work with: a Kubernetes stand-in, a git remote, S3, and one node whose answer is set by the test. */
export class Control {
  readonly processes = new Processes();
  readonly remote = new GitRemote(this.processes.dir, VALUES);
  kube!: KubeStandIn;
  s3!: S3StandIn;
  node!: Fb303Server;
  /** What the node says. */
  says = { code: 2, details: 'GUARDIAN run=r-7', counters: {} as Record<string, number> };
  silent = false;

  async open(): Promise<void> {
    [this.kube, this.s3] = await Promise.all([startKube(), startS3()]);
    this.node = await startFb303({
      transport: 'framed',
      protocol: 'binary',
      status: () => this.says,
      fault: () => (this.silent ? 'eof' : 'none'),
    });
    for (const name of ['dcr-synchronizer', 'dcr-farmer']) this.replicas(name, 0);
    this.synced({ status: 'Synced', revision: this.remote.tip });
    mkdirSync(join(this.processes.dir, 'work'));
  }

  pod(labels: Record<string, string> = {}, uid = 'uid-1'): void {
    this.kube.objects.set(POD, { metadata: { name: 'dcr-synchronizer-0', uid, labels }, status: { phase: 'Running', podIP: '127.0.0.1' } });
  }

  get labels(): Record<string, string> {
    return (this.kube.objects.get(POD) as { metadata: { labels: Record<string, string> } }).metadata.labels;
  }

  replicas(name: string, replicas: number): void {
    this.kube.objects.set(`${STATEFUL_SETS}/${name}`, { spec: { replicas }, status: { replicas, readyReplicas: replicas } });
  }

  synced(sync: object, operationState?: object): void {
    this.kube.objects.set(APPLICATION, {
      metadata: { name: 'dcr-express-7' },
      status: { sync, health: { status: 'Healthy' }, operationState },
    });
  }

  workflow(name: string, status: object, options: { uid?: string; createdAt?: string; parameters?: object[] } = {}): void {
    const metadata = {
      name,
      uid: options.uid ?? name,
      creationTimestamp: options.createdAt ?? '2026-01-31T12:00:00Z',
      labels: { 'dcr.example.io/cluster': 'express-7' },
    };
    this.kube.objects.set(`${WORKFLOWS}/${name}`, { metadata, status, spec: { arguments: { parameters: options.parameters ?? [] } } });
  }

  start(args: readonly string[], options: Readonly<Record<string, string>> = {}): Dcrctl {
    const settings = {
      'run-id': 'r-7',
      cluster: 'express-7',
      'kube-api': this.kube.url,
      'token-file': this.processes.file('kube-token', `${KUBE_TOKEN}\n`),
      namespace: 'dcr',
      application: 'dcr-express-7',
      'git-url': this.remote.url,
      'git-file': this.remote.file,
      'work-dir': join(this.processes.dir, 'work'),
      'node-host': '127.0.0.1',
      'node-port': String(this.node.port),
      's3-endpoint': this.s3.url,
      's3-path-style': 'true',
      's3-bucket': 'cache',
      's3-prefix': 'express-7',
      ...options,
    };
    const env = { AWS_ACCESS_KEY_ID: S3_KEYS.accessKeyId, AWS_SECRET_ACCESS_KEY: S3_KEYS.secretAccessKey, AWS_REGION: S3_KEYS.region };
    return new Dcrctl(this.processes, args, { ...env, ...asEnv(settings) });
  }

  run(args: readonly string[], options: Readonly<Record<string, string>> = {}) {
    return this.start(args, options).ended;
  }

  async close(): Promise<void> {
    await this.processes.close();
    await Promise.all([this.kube.close(), this.s3.close(), this.node.close()]);
  }
}
