import { jest } from '@jest/globals';
import { MAC, testMainJob } from '#test/contract/main-job.contract.js';
import type { KafkaCluster } from '#test/support/kafka.js';
import { useEveryKafka } from '#test/support/kafka-hooks.js';
import { makeTopics } from '#test/support/kafka-member.js';
import { type Child, freePort, type Processes, startRouter, writeRouter } from '#test/support/processes.js';

jest.setTimeout(90_000);

const clusters = useEveryKafka();

/** Processes with these roles; the first one that may is asked, and posted to. */
function deployment(kafka: () => KafkaCluster, roles: readonly string[]) {
  return async (processes: Processes) => {
    const cluster = kafka();
    const prefix = await makeTopics(cluster, 3);
    const sandbox = await processes.sandbox();
    const members: { role: string; port: number; config: string }[] = [];
    for (const [index, role] of roles.entries()) {
      const port = await freePort();
      const log = { kind: 'kafka', brokers: cluster.brokers, prefix, group: prefix, sessionTimeout: '2s', scratchDir: processes.dir };
      const config = writeRouter(processes, {
        mappings: { 'mac-cluster.json': MAC },
        sandbox,
        port,
        config: { log },
        name: `${role}-${index}`,
      });
      members.push({ role, port, config });
    }
    const urlOf = (role: string): string =>
      `http://127.0.0.1:${members.find((member) => member.role === role || member.role === 'all')?.port}`;
    let children: Child[] = [];
    return {
      sandbox,
      ingest: urlOf('ingest'),
      api: urlOf('api'),
      async start() {
        children = await Promise.all(
          members.map(({ role, port, config }) => startRouter(processes, config, port, { SRE_ROUTER_ROLE: role })),
        );
      },
      async kill() {
        await Promise.all(children.map((child) => child.kill('SIGKILL')));
      },
      stop: () => Promise.all(children.map((child) => child.kill('SIGTERM'))),
    };
  };
}

for (const [version, kafka] of clusters) {
  testMainJob(`one process on Kafka ${version}`, deployment(kafka, ['all']));
  testMainJob(`processes with a role each on Kafka ${version}`, deployment(kafka, ['ingest', 'route', 'route', 'api']));
}
