import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { freePort, Processes, until } from '#test/support/processes.js';

const ROOT = new URL('../../', import.meta.url).pathname;
const processes = new Processes();
afterAll(() => processes.close());

test('npm start runs a router with stand-ins; the curl line that it prints sends an event, and the event runs to its end', async () => {
  const port = await freePort();
  const args = [join(ROOT, 'tools/start.mjs'), '--port', String(port), '--data', join(processes.dir, 'data')];
  const started = processes.run(process.execPath, args);
  try {
    const curl = await until('the welcome', async () => /^ +(curl .*)$/m.exec(started.output)?.[1], 90_000, started);
    expect(started.output).toContain(`- url: http://127.0.0.1:${port}/ingest/alertmanager`);
    const { events } = JSON.parse(execFileSync('sh', ['-c', curl], { encoding: 'utf8' })) as { events: { id: string }[] };
    const state = await until('the end of the event', async () => {
      const answer = await fetch(`http://127.0.0.1:${port}/api/v1/events/${events[0]?.id}`);
      const detail = (await answer.json()) as { state: string };
      return ['accepting', 'running', 'waiting'].includes(detail.state) ? undefined : detail.state;
    });
    expect(state).toBe('done');
  } finally {
    // It ends what it started; killed outright it could not.
    await started.kill('SIGTERM');
  }
  expect(started.process.exitCode).toBe(0);
}, 120_000);
