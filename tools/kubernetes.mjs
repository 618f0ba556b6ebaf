import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ask, run, say } from './run.mjs';

/** The API server of the control-plane tests, its controllers and kubectl; etcd in the version that this Kubernetes is built with. */
export const KUBERNETES_VERSION = '1.34.2';
const PROGRAMS = {
  etcd: 'go.etcd.io/etcd/server/v3',
  'kube-apiserver': 'k8s.io/kubernetes/cmd/kube-apiserver',
  'kube-controller-manager': 'k8s.io/kubernetes/cmd/kube-controller-manager',
  kubectl: 'k8s.io/kubernetes/cmd/kubectl',
};
export const KUBERNETES_FILES = Object.keys(PROGRAMS);

/**
 * Builds all of it into the folder. Kubernetes cannot be had by `go install`, whose module's own replacements of its staging modules are refused;
 * so a module of our own requires it and replaces each of them by the version published for the same release. Resolves with an exit code.
 */
export async function buildKubernetes(folder) {
  const answer = await ask('go', ['mod', 'download', '-json', `k8s.io/kubernetes@v${KUBERNETES_VERSION}`]);
  if (answer === undefined) return 1;
  const requirements = readFileSync(JSON.parse(answer).GoMod, 'utf8');
  const staging = [...requirements.matchAll(/^\s+(k8s\.io\/\S+) v0\.0\.0$/gm)].map(([, path]) => path);
  const published = KUBERNETES_VERSION.replace(/^1/, '0');
  const lines = [
    'module control-plane',
    /^go .*$/m.exec(requirements)?.[0] ?? 'go 1.24',
    `require k8s.io/kubernetes v${KUBERNETES_VERSION}`,
    ...staging.map((path) => `replace ${path} => ${path} v${published}`),
  ];
  writeFileSync(join(folder, 'go.mod'), `${lines.join('\n')}\n`);
  // Without a version clients cannot parse what the server says it is.
  const ldflags = `-s -w -X k8s.io/component-base/version.gitVersion=v${KUBERNETES_VERSION}`;
  for (const [name, path] of Object.entries(PROGRAMS)) {
    const startedMs = Date.now();
    const code = await politely('go', ['build', '-trimpath', '-ldflags', ldflags, '-o', join(folder, name), path], {
      cwd: folder,
      env: { GOFLAGS: '-mod=mod', CGO_ENABLED: '0' },
    });
    if (code !== 0) return code;
    say(`  ${name} after ${Math.round((Date.now() - startedMs) / 1000)} s`);
  }
  return 0;
}

/** A long build leaves the machine to its people. */
export function politely(command, args, options) {
  return process.platform === 'win32' ? run(command, args, options) : run('nice', ['-n', '10', command, ...args], options);
}
