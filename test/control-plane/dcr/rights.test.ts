import { afterAll, afterEach, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import { type Fb303Server, type Fb303ServerOptions, startFb303 } from '#test/dcr/fb303-server.js';
import { Control } from '#test/dcr/process/control.js';
import { type OpenPlane, openControlPlane } from '#test/support/control-plane.js';
import { until } from '#test/support/processes.js';
import { ownRightsOf } from '#test/support/rights.js';
import { Installation, PLAIN, SYNCHRONIZER } from './installation.js';

jest.setTimeout(120_000);

const ARGOCD = 'argocd';
let plane: OpenPlane;
let dcr: Installation;
/** Node, git and S3 for dcrctl. */
let control: Control;
beforeAll(async () => {
  plane = await openControlPlane();
  await plane.kube.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: ARGOCD } }, { manager: 'cluster' });
});
beforeEach(async () => {
  control = new Control();
  await control.open();
  dcr = new Installation(plane, PLAIN);
  await dcr.open();
  const { url: gitUrl, file: gitFile } = control.remote;
  const workflow = { enabled: true, application: application(), gitUrl, gitFile, routerUrl: 'http://router.sre.svc:8080/ingest/events' };
  await dcr.sync({ cluster: 'express-7', dcr: { workflow } });
  await dcr.running(0);
});
const served: Fb303Server[] = [];
async function serve(options: Fb303ServerOptions): Promise<Fb303Server> {
  const server = await startFb303(options);
  served.push(server);
  return server;
}
afterEach(async () => {
  for (const server of served.splice(0)) await server.close();
  await dcr.close();
  await control.close();
});
afterAll(() => plane.close());

const application = (): string => `app-of-${dcr.namespace}`;
/** What an account of this installation may do in a namespace that one without any role may not. */
const own = (name: string, namespace: string): Promise<string[]> => ownRightsOf(plane.kube, { namespace: dcr.namespace, name }, namespace);

test('the workflow may do what its steps need, and nothing else: above all it cannot scale', async () => {
  expect(await own('dcr-workflow', dcr.namespace)).toEqual([
    'create workflowtaskresults.argoproj.io',
    'get pods dcr-synchronizer-0',
    'get statefulsets.apps dcr-farmer',
    'get statefulsets.apps dcr-synchronizer',
    'list workflows.argoproj.io',
    'patch pods dcr-synchronizer-0',
    'patch workflowtaskresults.argoproj.io',
  ]);
  expect(await own('dcr-workflow', ARGOCD)).toEqual([`get applications.argoproj.io ${application()}`]);
  expect(await own('dcr-workflow', 'kube-system')).toEqual([]);
  for (const node of ['dcr-synchronizer', 'dcr-farmer']) expect(await own(node, dcr.namespace)).toEqual([]);
});

/** dcrctl as the workflow's pods run it, against the real API server. */
async function dcrctl(
  args: readonly string[],
  options: Record<string, string> = {},
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const { api, caFile } = plane.plane.access;
  const token = await plane.kube.tokenOf(dcr.namespace, 'dcr-workflow');
  return await control.run(args, {
    'kube-api': api,
    'ca-file': caFile,
    'token-file': control.processes.file('workflow-token', token),
    namespace: dcr.namespace,
    application: application(),
    ...options,
  });
}

test('with these rights preflight finds all that a run needs', async () => {
  const object = { apiVersion: 'argoproj.io/v1alpha1', kind: 'Application', metadata: { name: application(), namespace: ARGOCD } };
  const spec = { project: 'dcr', destination: { namespace: dcr.namespace }, source: { repoURL: 'https://git.example.org/x.git' } };
  await plane.kube.apply({ ...object, spec }, { manager: 'argocd' });
  // The synchronizer of this very run is not in its own way.
  const { code, stdout } = await dcrctl(['preflight']);
  expect([code, stdout.match(/^MISSING.*$/gm)]).toEqual([0, null]);
  expect(stdout.match(/^ok /gm)).toHaveLength(7);
  await plane.kube.remove({ ...object });
});

const labels = async (): Promise<Record<string, string>> => (await dcr.get('Pod', SYNCHRONIZER)).metadata.labels;
const donors = async (): Promise<number> => (await dcr.endpoints('dcr-donor')).filter(({ conditions }) => conditions.ready).length;

test('the guardian of the run is labelled, and is then the donor', async () => {
  dcr.player.ready(SYNCHRONIZER, true);
  expect(await dcrctl(['label-guardian'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^labelled: /) as never });
  expect(await labels()).toMatchObject({ 'dcr.example.io/state': 'guardian', 'dcr.example.io/run': 'r-7' });
  await until('the donor', async () => ((await donors()) === 1 ? true : undefined));
  // It has begun anew in its pod, and holds no data set any more.
  control.says = { code: 1, details: 'WAITING_FOR_FARMERS 0/2 run=r-7', counters: {} };
  expect(await dcrctl(['label-guardian', '--reconcile'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^removed: /) as never });
  expect(await labels()).not.toHaveProperty(['dcr.example.io/state']);
  await until('no donor', async () => ((await donors()) === 0 ? true : undefined));
});

test('a pod that was made while its predecessor was asked is not labelled for it: the server refuses the other uid', async () => {
  const { [SYNCHRONIZER]: old } = await dcr.podUids();
  let replaced: Promise<unknown> | undefined;
  const replace = async (): Promise<unknown> => {
    await dcr.kube.remove(dcr.ref('Pod', SYNCHRONIZER));
    return await until('its successor', async () => ((await dcr.podUids())[SYNCHRONIZER] ?? old) !== old || undefined);
  };
  const { port } = await serve({
    transport: 'framed',
    protocol: 'binary',
    status: () => control.says,
    async delay() {
      replaced ??= replace();
      await replaced;
    },
  });
  expect(await dcrctl(['label-guardian'], { 'node-port': String(port) })).toMatchObject({
    code: 3,
    stderr: expect.stringMatching(/^CONFLICT: PATCH .*\/pods\/dcr-synchronizer-0: 422 Invalid .*metadata\.uid/) as never,
  });
  expect(await labels()).not.toHaveProperty(['dcr.example.io/state']);
});
