import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { MINUTE_MS, systemClock } from '#runtime/clock.js';
import { Installation, type Json } from '#test/dcr/chart/installation.js';
import { fastClock } from '#test/dcr/fast-clock.js';
import { GitRemote } from '#test/dcr/git-remote.js';
import { KUBE_TOKEN, type KubeStandIn, startKube } from '#test/dcr/kube-api.js';
import { Cluster } from '#test/dcr/process/cluster.js';
import type { Properties } from '#test/dcr/properties.js';
import { S3_KEYS } from '#test/dcr/s3.js';
import type { SimTimes } from '#test/dcr/sim-options.js';
import { type Child, freePort, until } from '#test/support/processes.js';
import { Argo } from './argo.js';
import { NodeSets } from './node-sets.js';
import { runPod } from './pods.js';
import { startRouterSource, type ToldEvent } from './router.js';
import type { Run } from './run.js';

const APPLICATION = '/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/dcr-express-7';
const SYNC_FQDN = 'dcr-synchronizer-0.dcr-synchronizer.dcr.svc.cluster.local';
/** Argo CD is told of a push by a webhook; this is how soon it has applied it. */
const SYNC_EVERY_MS = MINUTE_MS;
/** Long enough for machines that have other things to do: simulated time goes on while a process starts. */
const PATIENT = '900h';

export interface SiteOptions {
  readonly factor?: number;
  readonly values?: Json;
  readonly workflow?: Json;
  readonly times?: Partial<SimTimes>;
}

/** Short enough for a test, long enough to be seen. */
export const TIMES: Partial<SimTimes> = {
  bootMs: MINUTE_MS,
  historyMs: 2 * MINUTE_MS,
  readMs: 2 * MINUTE_MS,
  units: 60,
  unitMs: MINUTE_MS,
  parts: 2,
  partMs: 2 * MINUTE_MS,
  tickMs: MINUTE_MS,
  heartbeatMs: 5 * MINUTE_MS,
};

/**
 * One installation, whole: a real git repository, Argo CD that renders the chart from it, StatefulSets of real node processes, S3, the router's source, and Argo
 * Workflows running what the chart renders with real dcrctl processes. All on one clock.
 */
export class Site {
  readonly cluster: Cluster;
  kube!: KubeStandIn;
  remote!: GitRemote;
  sets!: NodeSets;
  argo!: Argo;
  events!: ToldEvent[];
  /** Pods of workflows that ran, newest last. */
  readonly pods: { child: Child; args: readonly string[] }[] = [];
  #applied = '';
  #closers: (() => void | Promise<void>)[] = [];

  constructor(factor = 1_000) {
    this.cluster = new Cluster(factor);
  }

  static async open({ factor, values = {}, workflow = {}, times = {} }: SiteOptions = {}): Promise<Site> {
    const site = new Site(factor);
    await site.#open(values, workflow, { ...TIMES, ...times });
    return site;
  }

  async #open(values: Json, workflow: Json, times: Partial<SimTimes>): Promise<void> {
    const { cluster } = this;
    await cluster.open();
    const router = await startRouterSource();
    this.kube = await startKube();
    this.events = router.events;
    this.#closers = [() => router.close(), () => this.kube.close()];
    const syncPort = await freePort();
    const { processes } = cluster;
    this.remote = new GitRemote(processes.dir, '');
    const whole = {
      cluster: 'express-7',
      node: { port: syncPort },
      s3: { bucket: 'cache', prefix: 'express-7', region: S3_KEYS.region, endpoint: cluster.s3.url, pathStyle: true },
      synchronizer: { enabled: false },
      ...values,
      farmers: { enabled: false, replicas: 3, ...(values.farmers as Json | undefined) },
      dcr: {
        runId: '',
        ...(values.dcr as Json | undefined),
        workflow: {
          enabled: true,
          application: 'dcr-express-7',
          gitUrl: this.remote.url,
          gitFile: this.remote.file,
          routerUrl: router.url,
          syncedWithin: PATIENT,
          registeredWithin: PATIENT,
          farmersWithin: PATIENT,
          farmersGoneWithin: PATIENT,
          interventionTimeout: PATIENT,
          rebuildStall: PATIENT,
          writeStall: PATIENT,
          ...workflow,
        },
      },
    };
    this.remote.push({ [this.remote.file]: stringify(whole) }, 'values of express-7');
    this.sets = new NodeSets(cluster, this.kube, times, syncPort);
    this.#apply(this.remote.tip);
    const rendered = this.#render(this.remote.tip);
    const secrets = join(processes.dir, 'secrets');
    mkdirSync(secrets);
    for (const [name, content] of Object.entries({
      'ssh-key': 'not used: the remote is a folder',
      'known-hosts': '',
      'router-token': 'token',
    }))
      writeFileSync(join(secrets, name), `${content}\n`);
    const configMaps = new Map(
      rendered.of('ConfigMap').map((object) => [object.metadata.name, (object as unknown as { data: Record<string, string> }).data]),
    );
    const world = {
      processes,
      configMaps,
      volumes: { secrets },
      env: {
        ...cluster.env,
        DCRCTL_KUBE_API: this.kube.url,
        DCRCTL_TOKEN_FILE: processes.file('kube-token', `${KUBE_TOKEN}\n`),
        DCRCTL_NAMESPACE: 'dcr',
        DCRCTL_POLL: '1m',
      },
      hosts: { [SYNC_FQDN]: '127.0.0.1' },
      started: (child: Child, { args }: { args: readonly string[] }) => void this.pods.push({ child, args }),
    };
    const scheduleClock = fastClock(systemClock, cluster.factor / 10, Date.now());
    this.argo = new Argo(rendered.objects, {
      clock: cluster.clock,
      scheduleClock,
      kube: this.kube,
      runPod: (...all) => runPod(world, ...all),
    });
    let isOpen = true;
    const watch = (): void => {
      if (!isOpen) return;
      this.#sync();
      cluster.clock.after(SYNC_EVERY_MS, watch);
    };
    this.#closers.push(() => {
      isOpen = false;
    });
    watch();
  }

  /** Values at the tip. */
  get values(): { farmers: Json; synchronizer: Json; dcr: Json } {
    return parse(this.remote.show()) as { farmers: Json; synchronizer: Json; dcr: Json };
  }

  /** `DCR-Phase` of the commits, oldest first; people's have none. */
  get phases(): string[] {
    return this.remote
      .history()
      .map(({ phase }) => phase)
      .reverse();
  }

  get labels(): Record<string, string> {
    const pod = this.kube.objects.get('/api/v1/namespaces/dcr/pods/dcr-synchronizer-0') as
      | { metadata: { labels: Record<string, string> } }
      | undefined;
    return pod?.metadata.labels ?? {};
  }

  /** What has been told to the router, one line an event. */
  get told(): string[] {
    return this.events.map(({ phase, data }) => `${phase}: ${data.state}`);
  }

  /** The git server goes away, or comes back. */
  set gitIsUp(up: boolean) {
    const { dir } = this.remote;
    renameSync(up ? `${dir}.away` : dir, up ? dir : `${dir}.away`);
  }

  /** Waits for the real world; simulated time goes on meanwhile. */
  until<T>(what: string, look: () => T | undefined | false): Promise<T> {
    return until(what, async () => look() || undefined, 120_000);
  }

  /** Waits until this step of a run has begun. */
  begun(run: Run, displayName: string): Promise<unknown> {
    return this.until(`${displayName} to begin`, () => {
      if (run.node(displayName) === undefined && ['Succeeded', 'Failed', 'Error'].includes(run.phase))
        throw new Error(`${run.facts.name} has ended`);
      return run.node(displayName);
    });
  }

  /** A run's pod says this. */
  said(words: RegExp): Promise<unknown> {
    return this.until(`a pod to say ${words}`, () => this.pods.some(({ child }) => words.test(child.output)));
  }

  async close(): Promise<void> {
    this.sets.close();
    for (const run of this.argo.runs) run.terminate();
    await Promise.all(this.argo.runs.map(({ done }) => done));
    await this.cluster.close();
    for (const close of this.#closers) await close();
  }

  #sync(): void {
    let tip = '';
    try {
      tip = readFileSync(join(this.remote.dir, 'refs/heads/main'), 'utf8').trim();
    } catch {
      // The git server is away: what is applied stays applied.
      return;
    }
    if (tip !== this.#applied) this.#apply(tip);
  }

  #apply(revision: string): void {
    const installation = this.#render(revision);
    this.cluster.properties = installation.properties as Properties;
    for (const role of ['synchronizer', 'farmer'] as const) this.sets.scale(`dcr-${role}`, installation.set(role).spec.replicas);
    this.#applied = revision;
    this.kube.objects.set(APPLICATION, {
      metadata: { name: 'dcr-express-7' },
      status: { sync: { status: 'Synced', revision }, health: { status: 'Healthy' } },
    });
  }

  #render(revision: string): Installation {
    return new Installation(parse(this.remote.show(revision)) as Json);
  }
}
