import { chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { GitRemote, VALUES } from '#test/dcr/git-remote.js';
import { freePort, Processes, until, writeRouter } from '#test/support/processes.js';
import { Container, type ContainerOptions, UID } from './container.js';
import { BASE_IMAGE, type ImageConfig, ImageStore } from './image-store.js';
import { MAC, passesTheMainJob, ROOT } from './main-job.js';
import { must, PackageIndex } from './package-index.js';

const processes = new Processes();
const containers: Container[] = [];
const images = new ImageStore();
const { version } = JSON.parse(readFileSync(`${ROOT}runtime/package.json`, 'utf8')) as { version: string };
let registry: string;
let index: PackageIndex;
const tag = (name: string): string => `${registry}/sre/${name}:${version}`;
const tool = (name: string, ...args: string[]): Promise<string> =>
  must(process.execPath, [`${ROOT}tools/ship/${name}.mjs`, ...args], { timeoutMs: 300_000 });
const onImages = (verb: string, ...more: string[]): Promise<string> =>
  tool('images', verb, '--version', version, '--to', `${registry}/sre`, '--builder', images.builder, ...more);
let router: { rootfs: string; image: ImageConfig };

const start = (options: Omit<ContainerOptions, 'rootfs' | 'image'>, from = router): Container => {
  const container = new Container(processes, { ...from, ...options });
  containers.push(container);
  return container;
};

/** A folder that the container's user may write. */
function volume(name: string): string {
  const path = join(processes.dir, name);
  mkdirSync(path);
  chownSync(path, UID, UID);
  return path;
}

beforeAll(async () => {
  index = await PackageIndex.start(processes);
  const port = await freePort();
  registry = `127.0.0.1:${port}`;
  processes.run(process.env.OCI_REGISTRY_BIN ?? '', ['-port', String(port)]);
  await must(process.execPath, [`${ROOT}tools/ship/pack.mjs`, '--to', processes.dir]);
  const tarball = join(processes.dir, `sre-router-${version}.tgz`);
  await must(process.execPath, [`${ROOT}tools/ship/publish.mjs`, '--index', index.url, '--tarball', tarball], { env: index.env });
  images.remember(tag('sre-router'), tag('dcrctl'));
  await onImages('build', '--base', BASE_IMAGE, '--index', index.url);
  router = { rootfs: await images.mount(tag('sre-router')), image: await images.config(tag('sre-router')) };
}, 300_000);
afterAll(async () => {
  await Promise.all(containers.map((container) => container.close()));
  await images.close();
  await processes.close();
}, 60_000);

test('the image says who runs it, what it runs and how it is asked for health', () => {
  expect(router.image).toMatchObject({
    User: '65532:65532',
    Entrypoint: ['sre-router'],
    Cmd: ['serve'],
    WorkingDir: '/var/lib/sre-router',
    Labels: { 'org.opencontainers.image.version': version },
    Healthcheck: { Test: ['CMD', 'node', '/opt/sre-router/node_modules/sre-router/bin/alive.js'] },
  });
});

test('as uid 65532 on a read-only root it passes the main job, is healthy, and ends on SIGTERM as process 1', async () => {
  const sandbox = await processes.sandbox();
  const port = await freePort();
  writeRouter(processes, { mappings: { 'mac.json': MAC }, sandbox, port, config: { log: { kind: 'embedded', dir: './.data' } } });
  await must('chown', ['-R', `${UID}:${UID}`, join(processes.dir, 'config.yaml'), join(processes.dir, 'token')]);
  await must('chmod', ['755', processes.dir]);
  await must('sh', ['-c', `chmod 755 ${processes.dir}/mappings-*`]);
  const container = start({
    args: ['serve', '--config', join(processes.dir, 'config.yaml')],
    env: { SRE_ROUTER_HTTP__PORT: String(port) },
    volumes: { '/var/lib/sre-router/.data': { source: volume('data'), writable: true }, [processes.dir]: { source: processes.dir } },
  });
  const url = `http://127.0.0.1:${port}`;
  await until('the router in its container', async () => ((await fetch(`${url}/readyz`)).ok ? true : undefined), 30_000, container.child);
  await passesTheMainJob(url, sandbox);
  const health = router.image.Healthcheck?.Test.slice(1) ?? [];
  expect(await container.exec(health)).toBe(0);
  expect(await container.exec(['env', 'SRE_ROUTER_HTTP__PORT=1', ...health])).toBe(1);
  await container.signal('TERM');
  expect(await container.end()).toBe(0);
}, 60_000);

test('the limits are real: another user, a writable root or a capability would be seen', async () => {
  const look = [
    'id -u',
    'touch /opt/x /tmp/x /etc/x 2>&1 | grep -c Read-only',
    "grep -E '^(CapEff|NoNewPrivs)' /proc/1/status | tr -d '\\t'",
    'test -w /var/lib/sre-router && echo writable || echo not writable',
  ];
  const container = start({ command: ['sh', '-c', look.join('; ')] });
  expect(await container.end()).toBe(0);
  expect(container.child.output.trim().split('\n')).toEqual(['65532', '3', 'CapEff:0000000000000000', 'NoNewPrivs:1', 'not writable']);
});

test('without a volume it says which folder it cannot write, and ends', async () => {
  const mappings = volume('no-mappings');
  const container = start({ volumes: { '/var/lib/sre-router/mappings': { source: mappings } } });
  expect(await container.end()).toBe(2);
  expect(container.child.output).toMatch(
    /^\.data\/\S+ \(in \/var\/lib\/sre-router\) is on a read-only file system; mount a writable volume there/,
  );
  expect(container.child.output).toContain('uid 65532');
});

test('dcrctl git-set commits in its own image under the same limits', async () => {
  const dcrctl = { rootfs: await images.mount(tag('dcrctl')), image: await images.config(tag('dcrctl')) };
  expect(dcrctl.image).toMatchObject({ User: '65532:65532', Entrypoint: ['dcrctl'], WorkingDir: '/tmp' });
  const remote = new GitRemote(processes.dir, VALUES);
  await must('sh', ['-c', `chown -R ${UID}:${UID} ${remote.dir} && chmod 755 ${remote.dir}/..`]);
  const settings = { 'git-url': remote.url, 'git-file': remote.file, 'run-id': 'r-7', cluster: 'express-7', 'work-dir': '/tmp' };
  const args = [
    'git-set',
    'farmers.enabled=true',
    'dcr.runId=r-7',
    '--phase',
    'scale-up',
    ...Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]),
  ];
  const container = start({ args, tmpfs: ['/tmp'], volumes: { [processes.dir]: { source: processes.dir, writable: true } } }, dcrctl);
  expect(`${await container.end()} ${container.child.output}`).toContain('0 committed ');
  await must('chown', ['-R', '0:0', remote.dir]);
  expect(remote.show()).toContain('enabled: true');
  expect(remote.history()[0]).toMatchObject({ run: 'r-7', phase: 'scale-up', author: 'dcrctl' });

  // ssh knows its user there, and refuses the host, not the account.
  const ssh = start({ command: ['ssh', '-o', 'BatchMode=yes', '-p', String(await freePort()), '127.0.0.1'] }, dcrctl);
  expect(await ssh.end()).toBe(255);
  expect(ssh.child.output).toMatch(/Connection refused/);
}, 300_000);

test('images and charts are pushed under one version, which is the appVersion', async () => {
  expect(await onImages('push', '--push-flags=--tls-verify=false')).toContain('pushed ');
  for (const name of ['sre-router', 'dcrctl'])
    expect((await fetch(`http://${registry}/v2/sre/${name}/manifests/${version}`)).status).toBe(200);
  const charts = join(processes.dir, 'charts');
  mkdirSync(join(charts, 'example', 'templates'), { recursive: true });
  writeFileSync(join(charts, 'example', 'Chart.yaml'), 'apiVersion: v2\nname: example\nversion: 0.0.1\nappVersion: 0.0.1\n');
  writeFileSync(join(charts, 'example', 'templates', 'x.yaml'), 'kind: ConfigMap\n');
  const to = `oci://${registry}/sre/charts`;
  const helm = process.env.HELM3_BIN ?? '';
  await tool('charts', '--charts', charts, '--version', version, '--to', to, '--helm', helm, '--push-flags=--plain-http');
  expect(await must(helm, ['show', 'chart', `${to}/example`, '--version', version, '--plain-http'])).toContain(`appVersion: ${version}`);
}, 120_000);
