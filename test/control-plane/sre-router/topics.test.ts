import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { sreRouterChart } from '#synth/charts/sre-router/chart.js';
import { deepMerge } from '#synth/values/parse-values.js';
import { Workspace } from '#synth/workspace.js';
import { REPOSITORY } from '#test/control-plane/chart-suite.js';
import { type OpenPlane, openControlPlane } from '#test/support/control-plane.js';
import { HELMS, HelmFolder } from '#test/support/helm.js';
import { HelmRelease } from '#test/support/release.js';

jest.setTimeout(120_000);

let open: OpenPlane;
const files = new HelmFolder();
const FOLDER = join(REPOSITORY, 'charts', sreRouterChart.name);
const { given: PROD } = new Workspace(REPOSITORY, [sreRouterChart]).read(sreRouterChart, 'prod');
beforeAll(async () => {
  open = await openControlPlane();
});
afterAll(async () => {
  files.close();
  await open.close();
});

test.each(Object.entries(HELMS))(
  '%s: KafkaTopics outlive every switch and the release, and a later release takes them up again',
  async (_name, binary) => {
    const id = Math.random().toString(36).slice(2, 8);
    const [namespace, kafka] = [`sre-router-${id}`, `kafka-${id}`];
    await open.kube.namespace(namespace);
    await open.kube.namespace(kafka);
    const release = new HelmRelease(binary, open.plane.kubeconfig, { name: sreRouterChart.release.name, namespace });
    const values = (over: Record<string, unknown>): string =>
      files.values(deepMerge(deepMerge(PROD, { kafka: { strimzi: { namespace: kafka } } }), over));
    /** name → uid: the same topics, not others of their names. */
    const topics = async (): Promise<Record<string, string>> =>
      Object.fromEntries(
        (await open.kube.list('kafka.strimzi.io/v1', 'KafkaTopic', kafka)).map(({ metadata }) => [metadata.name, metadata.uid]),
      );

    await release.install(FOLDER, values({}));
    const made = await topics();
    expect(Object.keys(made).sort()).toEqual(['sre-router.dlq', 'sre-router.events', 'sre-router.journal', 'sre-router.raw']);
    for (const over of [{ kafka: { topics: 'existing' } }, {}, { log: { kind: 'embedded' }, router: { replicas: 1 } }, {}]) {
      await release.upgrade(FOLDER, values(over));
      expect(await topics()).toEqual(made);
    }
    await release.uninstall();
    expect(await topics()).toEqual(made);
    await release.install(FOLDER, values({}));
    expect(await topics()).toEqual(made);
    await release.uninstall();
  },
);
