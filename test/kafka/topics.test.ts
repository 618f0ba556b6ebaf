import { afterEach, expect, jest, test } from '@jest/globals';
import { default as kafkajs, type ConfigResourceTypes as ResourceTypes } from 'kafkajs';
import { type CliRun, cli } from '#test/support/cli.js';
import { useKafka } from '#test/support/kafka-hooks.js';
import { type Child, freePort, Processes, until, writeRouter } from '#test/support/processes.js';

jest.setTimeout(120_000);

const kafka = useKafka({ proxied: true });

const opened: Processes[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((processes) => processes.close()));
});

const SANDBOX = { slack: 'http://127.0.0.1:9/', jira: 'http://127.0.0.1:9/', sre: 'http://127.0.0.1:9/' };
let prefixes = 0;

/** A configuration with a prefix of its own, and its topics command. */
async function setUp() {
  prefixes += 1;
  const prefix = `topics-${prefixes}`;
  const processes = new Processes();
  opened.push(processes);
  const port = await freePort();
  const log = { kind: 'kafka', brokers: kafka().brokers, prefix, group: prefix, partitions: 3, rawPartitions: 2, replication: 1 };
  const config = writeRouter(processes, {
    mappings: {},
    sandbox: SANDBOX,
    port,
    config: { log: { ...log, sessionTimeout: '2s', scratchDir: processes.dir } },
  });
  const topics = (...args: string[]): Promise<CliRun> => cli(['topics', '--config', config, ...args]);
  const serve = (): Child => processes.start('runtime/dist/cli.js', ['serve', '--config', config]);
  const readiness = async (): Promise<{ ready: boolean; reasons: string[] }> =>
    (await (await fetch(`http://127.0.0.1:${port}/readyz`)).json()) as never;
  return { prefix, topics, serve, readiness };
}

async function withAdmin<T>(work: (admin: kafkajs.Admin) => Promise<T>): Promise<T> {
  const admin = kafka().client().admin();
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}

const alter = (name: string, entry: Record<string, string>): Promise<unknown> =>
  withAdmin((admin) =>
    admin.alterConfigs({
      validateOnly: false,
      resources: [
        {
          type: kafkajs.ConfigResourceTypes.TOPIC as ResourceTypes,
          name,
          configEntries: Object.entries(entry).map(([key, value]) => ({ name: key, value })),
        },
      ],
    }),
  );
const countOf = (topic: string): Promise<number> =>
  withAdmin(async (admin) => (await admin.fetchTopicMetadata({ topics: [topic] })).topics[0]?.partitions.length ?? 0);

test('--check names what is missing, --apply creates it, and again there is nothing to do', async () => {
  const { prefix, topics } = await setUp();
  const missing = await topics();
  expect(missing.code).toBe(1);
  for (const role of ['raw', 'events', 'journal', 'dlq']) expect(missing.out).toContain(`missing: there is no topic ${prefix}.${role}`);
  expect(missing.out).toContain('sre-router topics --apply creates it.');

  const applied = await topics('--apply');
  expect([applied.code, applied.err]).toEqual([0, '']);
  expect(applied.out.match(/: created$/gm)).toHaveLength(4);

  const { code, out } = await topics('--check', '--format', 'json');
  const { created, findings } = JSON.parse(out) as { created: string[]; findings: { severity: string; what: string }[] };
  expect([code, created, new Set(findings.map(({ severity }) => severity))]).toEqual([0, [], new Set(['advice'])]);
  expect(findings[0]?.what).toContain('replication 1');
});

test('--apply never changes a partition count, nor anything else that exists', async () => {
  const { prefix, topics } = await setUp();
  await withAdmin((admin) =>
    admin.createTopics({
      waitForLeaders: true,
      topics: [
        { topic: `${prefix}.events`, numPartitions: 2, configEntries: [{ name: 'cleanup.policy', value: 'compact' }] },
        { topic: `${prefix}.raw`, numPartitions: 5 },
      ],
    }),
  );
  const { code, out } = await topics('--apply');
  expect(code).toBe(1);
  expect(out).toContain(`wrong: ${prefix}.events has 2 partitions and ${prefix}.journal has 3; they must be the same`);
  expect(out).toContain('wrong: cleanup.policy is compact, expected delete.');
  expect(out).toContain(`wrong: ${prefix}.raw has 5 partitions and ${prefix}.dlq has only 2`);
  expect([await countOf(`${prefix}.events`), await countOf(`${prefix}.raw`), await countOf(`${prefix}.journal`)]).toEqual([2, 5, 3]);
});

test('what the brokers refuse to create is told topic by topic, with the settings to look at', async () => {
  const { code, out, err } = await cli(['topics', '--brokers', kafka().brokers.join(), '--prefix', 'three-replicas', '--apply']);
  expect([code, out]).toEqual([2, '']);
  for (const role of ['raw', 'events', 'journal', 'dlq']) expect(err).toContain(`three-replicas.${role}: Replication-factor is invalid`);
  expect(err).toContain('See log.partitions, log.rawPartitions, log.replication');
});

test('brokers that do not answer end it with 2, and are named', async () => {
  const port = await freePort();
  const { code, out, err } = await cli(['topics', '--brokers', `127.0.0.1:${port}`]);
  expect([code, out]).toEqual([2, '']);
  expect(err).toContain(`The brokers 127.0.0.1:${port} do not answer`);
});

test('--check and --apply exclude each other, and an embedded log has no topics', async () => {
  const { topics } = await setUp();
  expect(await topics('--check', '--apply')).toMatchObject({ code: 2, err: expect.stringContaining('exclude each other') });
  expect(await cli(['topics'])).toMatchObject({ code: 2, err: expect.stringContaining('log.kind is embedded') });
});

test('serve waits for brokers, for topics and for their settings, says so, and begins when they are right', async () => {
  const { prefix, topics, serve, readiness } = await setUp();
  kafka().proxies[0]?.down(true);
  const child = serve();
  const waitsFor = (what: RegExp): Promise<unknown> =>
    until(
      `/readyz to tell ${what}`,
      async () => {
        const { ready, reasons } = await readiness();
        return !ready && reasons.some((reason) => what.test(reason)) ? true : undefined;
      },
      30_000,
      child,
    );
  await waitsFor(/^waits for Kafka: the brokers 127\.0\.0\.1:\d+ do not answer/);
  kafka().proxies[0]?.down(false);
  await waitsFor(new RegExp(`there is no topic ${prefix}\\.raw \\(sre-router topics --apply creates it\\.\\).*${prefix}\\.dlq`));
  const configEntries = [{ name: 'cleanup.policy', value: 'compact' }];
  await withAdmin((admin) =>
    admin.createTopics({ waitForLeaders: true, topics: [{ topic: `${prefix}.journal`, numPartitions: 3, configEntries }] }),
  );
  expect((await topics('--apply')).code).toBe(1);
  await waitsFor(new RegExp(`kafka-configs --alter --topic ${prefix}\\.journal --add-config cleanup\\.policy=delete`));
  await alter(`${prefix}.journal`, { 'cleanup.policy': 'delete', 'retention.ms': '-1', 'retention.bytes': '-1' });
  await until('it to be ready', async () => ((await readiness()).ready ? true : undefined), 30_000, child);
  expect(child.exited).toBe(false);
  expect(await child.kill('SIGTERM')).toBe(0);
});

test('serve ends for what patience cannot mend', async () => {
  const { prefix, topics, serve } = await setUp();
  await withAdmin((admin) => admin.createTopics({ waitForLeaders: true, topics: [{ topic: `${prefix}.events`, numPartitions: 2 }] }));
  await topics('--apply');
  const child = serve();
  await until('it to end', async () => (child.exited ? true : undefined));
  expect(child.process.exitCode).toBe(1);
  expect(child.output).toContain(`${prefix}.events has 2 partitions and ${prefix}.journal has 3`);
  expect(child.output).toContain('move to a new prefix');
});

test('serve that is stopped while it waits ends at once and well', async () => {
  const { serve, readiness } = await setUp();
  const child = serve();
  await until('it to wait', async () => ((await readiness()).reasons[0]?.includes('there is no topic') ? true : undefined));
  expect(await child.kill('SIGTERM')).toBe(0);
});
