import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { bundle, type HelmChart } from '#synth/chart.js';
import { canonicalJson, type K8sObject, labelOf } from '#synth/k8s-object.js';
import { deepMerge, defaultValues, parseValues } from '#synth/values/parse-values.js';
import { Workspace } from '#synth/workspace.js';
import { type OpenPlane, openControlPlane } from '#test/support/control-plane.js';
import { HELMS, HelmFolder } from '#test/support/helm.js';
import { type KubeBody, missingIn } from '#test/support/kube.js';
import { until } from '#test/support/processes.js';
import { HelmRelease, kindsOf, objectsIn, saidBy } from '#test/support/release.js';

export interface SuiteOptions {
  /** Where charts/<name>/ is. Default: the repository. */
  readonly root?: string;
  /** Values over those of every environment: each is installed once an environment. Default: the environment as it is. */
  readonly variants?: Readonly<Record<string, Record<string, unknown>>>;
  /** Values over those of a case that depend on its namespace: what a chart would put where other cases do too. */
  readonly valuesIn?: (namespace: string) => Record<string, unknown>;
  /** Of the namespace, e.g. a level of pod-security.kubernetes.io. */
  readonly namespaceLabels?: Readonly<Record<string, string>>;
  /** What the cluster has already: namespaces that objects name, PriorityClasses. */
  readonly cluster?: readonly K8sObject[];
}

interface Case {
  readonly name: string;
  /** What a values file would say. */
  readonly given: Record<string, unknown>;
}

/** What outlives its release, by Helm's annotation. */
const KEEP = 'helm.sh/resource-policy';
export const REPOSITORY = new URL('../../', import.meta.url).pathname;

/** The values sets of a chart: every environment with every variant, or the defaults where a chart has no environment. */
export function casesOf(chart: HelmChart, { root = REPOSITORY, variants = { '': {} } }: SuiteOptions): Case[] {
  const workspace = new Workspace(root, [chart]);
  const environments = workspace.environments(chart);
  const given = environments.map((name) => ({ name, given: workspace.read(chart, name).given }));
  return (given.length > 0 ? given : [{ name: 'defaults', given: {} }]).flatMap((environment) =>
    Object.entries(variants).map(([variant, over]) => ({
      name: variant === '' ? environment.name : `${environment.name} ${variant}`,
      given: deepMerge(environment.given, over) as Record<string, unknown>,
    })),
  );
}

/** The objects of a chart with the values of a file. */
export function renderCase(chart: HelmChart, given: Record<string, unknown>, namespace: string): K8sObject[] {
  const checked = parseValues(chart, deepMerge(defaultValues(chart), given) as Record<string, unknown>);
  if ('problems' in checked) throw new Error(checked.problems.map(({ path, expected }) => `${path}: ${expected}`).join('\n'));
  return bundle(chart, checked.values, { name: chart.release.name, namespace });
}

/** What every chart must hold on a real API server with controllers: one line a chart in a file of test/control-plane/. */
export function testOnControlPlane(chart: HelmChart, options: SuiteOptions = {}): void {
  jest.setTimeout(240_000);
  const root = options.root ?? REPOSITORY;
  const folder = join(root, 'charts', chart.name);
  const cases = casesOf(chart, { ...options, root });
  // The next set of values, the last being followed by the first; one alone is followed by the defaults.
  const pairs = cases.map((one, index) => ({
    name: one.name,
    one,
    next: cases.length > 1 ? (cases[(index + 1) % cases.length] as Case) : { name: 'the defaults', given: {} },
  }));

  let open: OpenPlane;
  const files = new HelmFolder();
  beforeAll(async () => {
    open = await openControlPlane();
    for (const object of options.cluster ?? []) await open.kube.apply(object, { manager: 'cluster' });
  });
  afterAll(async () => {
    await open.close();
    files.close();
  });

  const namespaceFor = async (): Promise<string> => {
    const namespace = `${chart.name}-${Math.random().toString(36).slice(2, 8)}`;
    await open.kube.namespace(namespace, { ...options.namespaceLabels });
    return namespace;
  };
  const valuesFor = ({ given }: Pick<Case, 'given'>, namespace: string): Record<string, unknown> =>
    deepMerge(given, options.valuesIn?.(namespace) ?? {}) as Record<string, unknown>;
  /** With the namespace that each of them gets; what is of the whole cluster has none. */
  const place = async (objects: readonly K8sObject[], namespace: string): Promise<K8sObject[]> => {
    const is = await Promise.all(objects.map(({ apiVersion, kind }) => open.kube.isNamespaced(apiVersion, kind)));
    return objects.map((object, index) => (is[index] === true ? inNamespace(object, namespace) : object));
  };
  /** What stands of these objects: whatever is of their kinds in the namespace, and themselves in other places. */
  const live = async (namespace: string, objects: readonly K8sObject[]): Promise<KubeBody[]> => {
    const here = objects.filter(({ metadata }) => metadata.namespace === namespace);
    const elsewhere = new Map(objects.filter((object) => !here.includes(object)).map((object) => [placeOf(object), object]));
    const found = await Promise.all([...elsewhere.values()].map((object) => open.kube.get(object)));
    return [...(await objectsIn(open.kube, namespace, kindsOf(here))), ...found.filter((object) => object !== undefined)];
  };
  /** All of it is there, field by field, and nothing else of this release but what earlier values had kept. */
  const expectLive = async (namespace: string, objects: readonly K8sObject[], before: readonly K8sObject[] = []): Promise<void> => {
    expect(places(await live(namespace, [...objects, ...before]))).toEqual(places([...objects, ...before.filter(isKept)]));
    for (const object of objects) {
      // Helm's checksum of a file is not that of the code; that both change together is proved where charts are rendered.
      const missing = missingIn(await open.kube.get(object), object).filter((path) => !path.includes('/annotations/checksum/'));
      expect({ [labelOf(object)]: missing }).toEqual({ [labelOf(object)]: [] });
    }
  };

  /** The controllers have made the pods: no admission (Pod Security, ServiceAccounts, PriorityClasses) has refused one. */
  const expectPods = async (objects: readonly K8sObject[]): Promise<void> => {
    for (const object of objects.filter(({ kind }) => kind === 'Deployment' || kind === 'StatefulSet')) {
      const { replicas } = object.spec as { replicas: number };
      await until(`${replicas} pods of ${labelOf(object)}`, async () => {
        const there = await open.kube.get(object);
        return (there.status?.replicas ?? 0) === replicas ? true : undefined;
      });
    }
  };

  describe.each(Object.entries(HELMS))(`${chart.name} by %s`, (helmName, binary) => {
    test.each(pairs)(
      '$name: installed, upgraded to the next values and rolled back, nothing refused or lost, nothing twice',
      async (pair) => {
        const { one, next } = pair;
        const namespace = await namespaceFor();
        const release = new HelmRelease(binary, open.plane.kubeconfig, { name: chart.release.name, namespace });
        const [given, then] = [valuesFor(one, namespace), valuesFor(next, namespace)];
        const wanted = await place(renderCase(chart, given, namespace), namespace);
        const other = await place(renderCase(chart, then, namespace), namespace);
        const [oneFile, nextFile] = [files.values(given), files.values(then)];
        await release.install(folder, oneFile);
        await expectLive(namespace, wanted);
        const installed = (await live(namespace, wanted)).map(saidBy);

        await unchangedBy(
          () => live(namespace, wanted),
          () => release.upgrade(folder, oneFile),
        );
        await release.upgrade(folder, nextFile);
        await expectLive(namespace, other, wanted);

        // Helm 3 cannot roll back over a custom resource that the values between had left standing (it patches without a resourceVersion); an upgrade can.
        const overKept = wanted.some((object) => isKept(object) && !places(other).includes(placeOf(object)));
        if (helmName === 'Helm 3' && overKept) await release.upgrade(folder, oneFile);
        else await release.rollback(1);
        await expectLive(namespace, wanted, other);
        const rolledBack = (await live(namespace, wanted)).map(saidBy);
        const sorted = (objects: KubeBody[]): KubeBody[] =>
          objects
            .map(canonicalJson)
            .sort()
            .map((text) => JSON.parse(text));
        const isWanted = new Set(places(wanted));
        expect(sorted(rolledBack.filter((object) => isWanted.has(placeOf(object))))).toEqual(sorted(installed));
        await release.uninstall();
        const left = places([...wanted, ...other].filter(isKept));
        await until('the rest to go', async () =>
          places(await live(namespace, [...wanted, ...other])).join() === left.join() ? true : undefined,
        );
      },
    );
  });

  describe(`${chart.name} by server-side apply`, () => {
    test.each(pairs)(
      '$name: no field unknown, no warning; applied once more nothing changes; the next values are taken',
      async ({ one, next }) => {
        const namespace = await namespaceFor();
        const wanted = await place(renderCase(chart, valuesFor(one, namespace), namespace), namespace);
        const other = await place(renderCase(chart, valuesFor(next, namespace), namespace), namespace);
        const applyAll = async (objects: readonly K8sObject[]): Promise<void> => {
          for (const object of objects) {
            const { warnings } = await open.kube.apply(object);
            expect({ [labelOf(object)]: warnings }).toEqual({ [labelOf(object)]: [] });
          }
        };
        await applyAll(wanted);
        await expectLive(namespace, wanted);
        await expectPods(wanted);
        await unchangedBy(
          () => live(namespace, wanted),
          () => applyAll(wanted),
        );
        await applyAll(other);
        for (const object of [...wanted, ...other]) await open.kube.remove(object);
      },
    );
  });
}

const inNamespace = (object: K8sObject, namespace: string): K8sObject => ({
  ...object,
  metadata: { ...object.metadata, namespace: object.metadata.namespace ?? namespace },
});

const placeOf = (object: K8sObject): string => `${object.metadata.namespace ?? ''}/${labelOf(object)}`;

const places = (objects: readonly K8sObject[]): string[] => [...new Set(objects.map(placeOf))].sort();

const isKept = ({ metadata }: K8sObject): boolean => (metadata.annotations as Record<string, string> | undefined)?.[KEEP] === 'keep';

/**
 * Doing it once more writes nothing. Others write too (controllers a status or a revision; the server itself the first time after it has made a PersistentVolumeClaim): what
 * they may have written is looked at again, and then nobody writes; but what an object says, and the generation of those that have one, must be as before at once.
 */
async function unchangedBy(look: () => Promise<KubeBody[]>, act: () => Promise<unknown>): Promise<void> {
  const versions = (objects: readonly KubeBody[], of: (object: KubeBody) => unknown): Record<string, unknown> =>
    Object.fromEntries(objects.map((object) => [placeOf(object), of(object)]));
  const generation = (object: KubeBody): unknown => object.metadata.generation ?? canonicalJson(saidBy(object));
  const written = ({ metadata }: KubeBody): unknown => metadata.resourceVersion;
  for (let tries = 0; ; tries += 1) {
    const before = await look();
    await act();
    const after = await look();
    expect(versions(after, generation)).toEqual(versions(before, generation));
    if (tries < 20 && JSON.stringify(versions(after, written)) !== JSON.stringify(versions(before, written))) continue;
    return expect(versions(after, written)).toEqual(versions(before, written));
  }
}
