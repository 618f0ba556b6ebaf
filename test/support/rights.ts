import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { kubeconfigOf } from './control-plane.js';
import type { Kube } from './kube.js';
import { Processes } from './processes.js';

const ran = promisify(execFile);

/**
 * All that a ServiceAccount may do in a namespace, as `kubectl auth can-i --list` has it from the server: "<verb> <resource>", "<verb> <resource> <name>" and
 * "<verb> <path>".
 */
export async function rightsOf(
  kube: Kube,
  account: { readonly namespace: string; readonly name: string },
  namespace: string,
): Promise<string[]> {
  const processes = new Processes();
  try {
    const token = await kube.tokenOf(account.namespace, account.name);
    const config = processes.file('kubeconfig', kubeconfigOf({ ...kube.access, token }));
    const args = ['--kubeconfig', config, '--namespace', namespace, 'auth', 'can-i', '--list', '--no-headers'];
    const { stdout } = await ran(process.env.KUBECTL_BIN ?? 'kubectl', args);
    return stdout.trim().split('\n').flatMap(rightsIn).sort();
  } finally {
    await processes.close();
  }
}

/** `resource  [paths]  [names]  [verbs]`; rows of paths have no resource. */
function rightsIn(line: string): string[] {
  const row = /^(\S*)\s+(\[.*?\])\s+(\[.*?\])\s+(\[.*?\])$/.exec(line);
  if (row === null) throw new Error(`kubectl auth can-i --list says ${line}`);
  const [resource = '', ...lists] = row.slice(1);
  const [paths = [], names = [], verbs = []] = lists.map((text) =>
    text
      .slice(1, -1)
      .split(' ')
      .filter((one) => one !== ''),
  );
  const named = names.length === 0 ? [resource] : names.map((name) => `${resource} ${name}`);
  return (resource === '' ? paths : named).flatMap((what) => verbs.map((verb) => `${verb} ${what}`));
}

/** Those that an account without any role does not have. */
export async function ownRightsOf(
  kube: Kube,
  account: { readonly namespace: string; readonly name: string },
  namespace: string,
): Promise<string[]> {
  const nobody = { namespace: account.namespace, name: 'nobody' };
  await kube.apply({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: nobody }, { manager: 'rights' });
  const everybody = await rightsOf(kube, nobody, namespace);
  return (await rightsOf(kube, account, namespace)).filter((right) => !everybody.includes(right));
}
