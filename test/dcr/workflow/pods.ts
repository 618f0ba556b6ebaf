import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Child, Processes } from '#test/support/processes.js';
import type { ContainerSpec } from './argo-spec.js';
import type { PodEnd } from './run.js';

const SCRIPTS: Readonly<Record<string, string>> = { dcrctl: 'runtime/bin/dcrctl.js' };
/** What Kubernetes keeps of a container's output as its message. */
const MESSAGE_CHARACTERS = 2_048;

export interface PodWorld {
  readonly processes: Processes;
  readonly configMaps: ReadonlyMap<string, Readonly<Record<string, string>>>;
  /** Volume → folder; what is not in here is an emptyDir of the pod. */
  readonly volumes: Readonly<Record<string, string>>;
  /** What a pod finds around it: the API server, cluster DNS. Nothing of it wins over what the container says. */
  readonly env: Readonly<Record<string, string>>;
  /** A name that the pod would resolve in cluster DNS → where it leads here. */
  readonly hosts: Readonly<Record<string, string>>;
  /** Each pod that runs. */
  started(child: Child, container: ContainerSpec): void;
}

/** Runs a container of a workflow as a process of its own. Paths below its mounts, and only those, lead into folders of the test. */
export async function runPod(
  world: PodWorld,
  container: ContainerSpec,
  outputs: readonly { name: string; path: string }[],
  stop: AbortSignal,
): Promise<PodEnd> {
  const { processes } = world;
  const mounts = container.volumeMounts.map(({ name, mountPath }) => ({
    mountPath,
    folder: world.volumes[name] ?? mkdtempSync(join(processes.dir, 'pod-')),
  }));
  const mapped = (text: string): string =>
    mounts.reduce(
      (path, { mountPath, folder }) =>
        path === mountPath || path.startsWith(`${mountPath}/`) ? folder + path.slice(mountPath.length) : path,
      text,
    );
  const env: Record<string, string> = { ...world.env };
  for (const { configMapRef } of container.envFrom) {
    const data = world.configMaps.get(configMapRef.name);
    if (data === undefined) throw new Error(`no ConfigMap ${configMapRef.name}`);
    Object.assign(env, data);
  }
  for (const { name, value } of container.env) env[name] = value;
  for (const [name, value] of Object.entries(env)) env[name] = mapped(world.hosts[value] ?? value);
  const [command = '', ...words] = container.command;
  const args = [...words, ...container.args].map(mapped);
  const script = SCRIPTS[command];
  const child = script === undefined ? processes.run(process.execPath, args, env) : processes.start(script, args, env);
  if (script === undefined && command !== 'node') throw new Error(`${command} is not in the image`);
  world.started(child, container);
  const end = (): void => void child.process.kill('SIGTERM');
  stop.addEventListener('abort', end, { once: true });
  if (stop.aborted) end();
  await once(child.process, 'close');
  stop.removeEventListener('abort', end);
  // A pod that was killed from outside, by an eviction: Argo knows no exit code.
  const exitCode = child.process.exitCode ?? -1;
  const found = outputs.flatMap(({ name, path }) =>
    existsSync(mapped(path)) ? [[name, readFileSync(mapped(path), 'utf8')] as const] : [],
  );
  return { exitCode, message: `Error (exit code ${exitCode}): ${child.output.trim().slice(-MESSAGE_CHARACTERS)}`, outputs: new Map(found) };
}
