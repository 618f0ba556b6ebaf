import { spawn } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Kube, type KubeAccess } from './kube.js';
import { Child, freePort, type Processes, until } from './processes.js';

/** What tests need of a running control plane. */
export interface ControlPlane {
  /** As an administrator. */
  readonly access: KubeAccess;
  readonly kubeconfig: string;
  /** CoreDNS, host:port; '' where there is none. */
  readonly dns: string;
}

const binary = (name: string): string => process.env[`${name.toUpperCase().replaceAll('-', '_')}_BIN`] ?? name;

/** Those that the charts' objects and the tests' namespaces need; nothing that wants nodes, volumes or a cloud. */
const CONTROLLERS = [
  'deployment-controller',
  'disruption-controller',
  'endpointslice-controller',
  'garbage-collector-controller',
  'namespace-controller',
  'replicaset-controller',
  'serviceaccount-controller',
  'statefulset-controller',
];

export interface ControlPlaneOptions {
  /** false: an API server alone, in which nothing moves by itself. Default true. */
  readonly controllers?: boolean;
}

/**
 * etcd, kube-apiserver, kube-controller-manager and CoreDNS on loopback and random ports, all state in the processes' folder; `processes.close()` ends it.
 * There is no kubelet and no scheduler: `pod-player.ts` is both.
 */
export async function startControlPlane(processes: Processes, { controllers = true }: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const dir = mkdtempSync(join(processes.dir, 'control-plane-'));
  const put = (name: string, text: string): string => {
    writeFileSync(join(dir, name), text, { mode: 0o600 });
    return join(dir, name);
  };
  const [clientPort, peerPort, apiPort, managerPort, dnsPort, readyPort] = await Promise.all(Array.from({ length: 6 }, freePort));
  const etcdUrl = `http://127.0.0.1:${clientPort}`;
  const peerUrl = `http://127.0.0.1:${peerPort}`;
  const etcd = processes.run(binary('etcd'), [
    ...['--data-dir', join(dir, 'etcd'), '--unsafe-no-fsync', '--log-level', 'error'],
    ...['--listen-client-urls', etcdUrl, '--advertise-client-urls', etcdUrl],
    ...['--listen-peer-urls', peerUrl, '--initial-advertise-peer-urls', peerUrl, '--initial-cluster', `default=${peerUrl}`],
  ]);
  const saKey = put(
    'service-accounts.key',
    generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs1', format: 'pem' }).toString(),
  );
  const token = randomBytes(16).toString('hex');
  const api = `https://127.0.0.1:${apiPort}`;
  const server = processes.run(binary('kube-apiserver'), [
    ...['--etcd-servers', etcdUrl, '--bind-address', '127.0.0.1', '--secure-port', String(apiPort), '--cert-dir', join(dir, 'certs')],
    ...['--advertise-address', '127.0.0.1', '--endpoint-reconciler-type', 'none', '--service-cluster-ip-range', '10.96.0.0/16'],
    ...['--service-account-issuer', api, '--service-account-key-file', saKey, '--service-account-signing-key-file', saKey],
    ...['--token-auth-file', put('tokens.csv', `${token},admin,1,"system:masters"\n`), '--authorization-mode', 'RBAC'],
    // Tests ask often, and kubectl lists every kind at each start.
    ...['--max-requests-inflight', '0', '--max-mutating-requests-inflight', '0', '--enable-priority-and-fairness=false'],
    ...['--profiling=false', '--v', '0'],
  ]);
  const caFile = join(dir, 'certs', 'apiserver.crt');
  await answers('etcd', etcd, async () => (await fetch(`${etcdUrl}/health`)).ok);
  await answers('kube-apiserver', server, async () => {
    const kube = new Kube({ api, caFile, token });
    const { status } = await kube.ask('/readyz').finally(() => kube.close());
    return status === 200;
  });
  const access: KubeAccess = { api, caFile, token };
  const kubeconfig = put('kubeconfig', kubeconfigOf(access));
  if (!controllers) return { access, kubeconfig, dns: '' };
  const manager = processes.run(binary('kube-controller-manager'), [
    ...['--kubeconfig', kubeconfig, '--leader-elect=false', '--bind-address', '127.0.0.1', '--secure-port', String(managerPort)],
    ...['--cert-dir', join(dir, 'manager'), '--controllers', CONTROLLERS.join(','), '--service-account-private-key-file', saKey],
    ...['--use-service-account-credentials=false', '--kube-api-qps', '500', '--kube-api-burst', '1000', '--concurrent-gc-syncs', '5'],
    ...['--authorization-always-allow-paths', '/healthz', '--v', '0'],
  ]);
  const corefile = `cluster.local:${dnsPort} {
  bind 127.0.0.1
  ready 127.0.0.1:${readyPort}
  kubernetes cluster.local {
    kubeconfig ${kubeconfig}
    ttl 5
  }
}
`;
  const coredns = processes.run(binary('coredns'), ['-conf', put('Corefile', corefile)]);
  await Promise.all([
    answers('CoreDNS', coredns, async () => (await fetch(`http://127.0.0.1:${readyPort}/ready`)).ok),
    // The first namespace with its ServiceAccount: then controllers work.
    answers('kube-controller-manager', manager, async () => {
      const kube = new Kube(access);
      const { status } = await kube.ask('/api/v1/namespaces/default/serviceaccounts/default').finally(() => kube.close());
      return status === 200;
    }),
  ]);
  return { access, kubeconfig, dns: `127.0.0.1:${dnsPort}` };
}

const answers = (what: string, child: Child, look: () => Promise<boolean>): Promise<true> =>
  until(`${what} to answer`, async () => ((await look()) ? true : undefined), 90_000, child);

/** For kubectl, Helm and the controllers. */
export function kubeconfigOf({ api, caFile, token }: KubeAccess): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    clusters: [{ name: 'test', cluster: { server: api, 'certificate-authority-data': readFileSync(caFile).toString('base64') } }],
    users: [{ name: 'test', user: { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
  });
}

const SERVE = new URL(import.meta.url.endsWith('.ts') ? '../dist/control-plane/serve.js' : '../control-plane/serve.js', import.meta.url)
  .pathname;

export interface OpenPlane {
  readonly plane: ControlPlane;
  readonly kube: Kube;
  close(): Promise<void>;
}

/** The control plane of the whole tier where `npm test` has started one (CONTROL_PLANE), else one for this test file. With every CRD. */
export async function openControlPlane(): Promise<OpenPlane> {
  const shared = process.env.CONTROL_PLANE;
  if (shared !== undefined) return open(JSON.parse(shared) as ControlPlane, async () => undefined);
  // Ended by the end of its standard input: also when this process is killed.
  const child = spawn(process.execPath, ['--enable-source-maps', SERVE], { stdio: ['pipe', 'pipe', 'inherit'] });
  const serve = new Child(child);
  const end = async (): Promise<void> => {
    if (serve.exited) return;
    child.stdin.end();
    await once(child, 'exit');
  };
  try {
    return open(JSON.parse(await serve.firstLine()) as ControlPlane, end);
  } catch (error) {
    await end();
    throw error;
  }
}

function open(plane: ControlPlane, end: () => Promise<void>): OpenPlane {
  const kube = new Kube(plane.access);
  return {
    plane,
    kube,
    async close() {
      kube.close();
      await end();
    },
  };
}
