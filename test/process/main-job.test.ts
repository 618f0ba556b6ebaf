import { afterEach, expect, test } from '@jest/globals';
import { MAC, testMainJob } from '#test/contract/main-job.contract.js';
import { type Child, freePort, Processes, startRouter, until, writeRouter } from '#test/support/processes.js';

const opened: Processes[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((processes) => processes.close()));
});

testMainJob('one process on the embedded log', async (processes) => {
  const sandbox = await processes.sandbox();
  const port = await freePort();
  const config = writeRouter(processes, { mappings: { 'mac-cluster.json': MAC }, sandbox, port });
  const url = `http://127.0.0.1:${port}`;
  let child: Child | undefined;
  return {
    sandbox,
    ingest: url,
    api: url,
    async start() {
      child = await startRouter(processes, config, port);
    },
    async kill() {
      await child?.kill('SIGKILL');
    },
    stop: async () => [(await child?.kill('SIGTERM')) ?? null],
  };
});

test('SIGTERM ends it with exit code 0, and a second router on the same folder is refused by name', async () => {
  const processes = new Processes();
  opened.push(processes);
  const port = await freePort();
  const config = writeRouter(processes, { mappings: { 'mac-cluster.json': MAC }, sandbox: await processes.sandbox(), port });
  const first = await startRouter(processes, config, port);
  const second = processes.start('runtime/dist/cli.js', ['serve', '--config', config, '--port', '0']);
  const code = await until('the second router to be refused', async () => second.process.exitCode ?? undefined);
  expect(code).toBe(1);
  expect(second.output).toContain(`process ${first.process.pid}`);
  expect(await first.kill('SIGTERM')).toBe(0);
});
