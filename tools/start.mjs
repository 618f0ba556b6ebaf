import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { Children } from './children.mjs';
import { prepare } from './prepare.mjs';
import { ROOT, say } from './run.mjs';

/** `npm start`: the router on ./.data with stand-in Slack, Jira and SRE API servers, all on loopback. */
const USAGE = `npm start [-- options]
  --demo        replay recorded Alertmanager requests and show what happens
  --then-stop   with --demo: stop when the demo is over (its exit code is ours)
  --port N      port of the router (default 8080, or the next free one)
  --data DIR    where events and the journal live (default ./.data)`;
const FIRST_PORT = 8080;
const READY_WITHIN_MS = 60_000;

function options() {
  try {
    const { values } = parseArgs({
      options: {
        demo: { type: 'boolean' },
        'then-stop': { type: 'boolean' },
        port: { type: 'string' },
        data: { type: 'string' },
        help: { type: 'boolean' },
      },
    });
    if (!values.help && (values.port === undefined || /^[1-9]\d{0,4}$/.test(values.port))) return values;
    say(USAGE);
    process.exit(values.help ? 0 : 2);
  } catch (error) {
    say(`${error.message}\n\n${USAGE}`);
    process.exit(2);
  }
}

function isFree(port) {
  return new Promise((done) => {
    const probe = createServer();
    probe.once('error', () => done(false));
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => probe.close(() => done(true)));
  });
}

async function choosePort(asked) {
  if (asked !== undefined) return Number(asked);
  let port = FIRST_PORT;
  while (!(await isFree(port))) port++;
  if (port !== FIRST_PORT) say(`Port ${FIRST_PORT} is taken; taking ${port}. (--port N chooses one.)`);
  return port;
}

/** The router's own configuration format; the stand-ins take any token. */
function writeConfig(data, port, sandbox) {
  mkdirSync(data, { recursive: true });
  const token = join(data, 'sandbox-token');
  writeFileSync(token, 'token-for-the-stand-ins\n', { mode: 0o600 });
  const config = {
    http: { host: '127.0.0.1', port },
    log: { kind: 'embedded', dir: join(data, 'log') },
    mappings: join(ROOT, 'mappings'),
    destinations: {
      slack: { kind: 'slack', tokenFile: token, baseUrl: sandbox.slack, budget: { perSecond: 1, per: 'channel' }, settle: '3s' },
      jira: {
        kind: 'jira',
        version: 3,
        auth: 'basic',
        baseUrl: sandbox.jira,
        email: 'router@sandbox.example',
        tokenFile: token,
        settle: '5s',
      },
      sre: { kind: 'sre', baseUrl: sandbox.sre, tokenFile: token, idempotency: { header: 'Idempotency-Key', keepFor: '24h' } },
    },
  };
  const file = join(data, 'start-config.yaml');
  writeFileSync(file, `# Written by npm start; JSON is YAML. See docs/configuration.md.\n${JSON.stringify(config, null, 2)}\n`);
  return file;
}

async function untilReady(url, router) {
  const deadlineMs = Date.now() + READY_WITHIN_MS;
  while (Date.now() < deadlineMs && router.exitCode === null && router.signalCode === null) {
    const answer = await fetch(`${url}/readyz`).catch(() => undefined);
    if (answer?.ok) return true;
    await new Promise((again) => setTimeout(again, 100));
  }
  return false;
}

function welcome(url, sandbox, data) {
  say(`
The router is ready: ${url}   (events: ${url}/api/v1/events · API: ${url}/openapi.json · metrics: ${url}/metrics)
Its memory is ${relative(process.cwd(), data) || '.'}; stand-ins: Slack ${sandbox.slack} · Jira ${sandbox.jira} · SRE API ${sandbox.sre}

Let a real Alertmanager post to it (alertmanager.yml):

    receivers:
      - name: sre-router
        webhook_configs:
          - url: ${url}/ingest/alertmanager
            send_resolved: true
            max_alerts: 0

Or send an event of your own:

    curl -sS ${url}/ingest/adhoc -H 'content-type: application/json' -d '{"type":"adhoc.task","data":{"task":"bounce-mac-cluster","params":{"cluster":"mac-7"}}}'

What then happens is told below, step by step. Ctrl-C stops everything; what is unfinished goes on at the next start.
`);
}

const given = options();
const unprepared = await prepare();
if (unprepared !== 0) process.exit(unprepared);
const data = given.data ?? join(ROOT, '.data');
const children = new Children();
const sandbox = await children.firstLine(['test/dist/sandbox/main.js']);
const port = await choosePort(given.port);
const url = `http://127.0.0.1:${port}`;
const router = children.start(['runtime/dist/cli.js', 'serve', '--config', writeConfig(data, port, sandbox)], 'router');
if (await untilReady(url, router)) {
  welcome(url, sandbox, data);
  if (given.demo) {
    const demo = children.start(
      ['test/dist/demo/main.js', '--router', url, '--slack', sandbox.slack, '--jira', sandbox.jira, '--sre', sandbox.sre],
      'demo',
    );
    demo.once('exit', (code) => {
      if (given['then-stop']) children.stop(code ?? 1);
      else say(`The demo is over (exit ${code}); the router still runs at ${url}. Ctrl-C stops it.`);
    });
  }
} else if (router.exitCode === null && router.signalCode === null) {
  say(`The router is not ready after ${READY_WITHIN_MS / 1000} s; ${url}/readyz says what it waits for. Stopping.`);
  children.stop(1);
}
