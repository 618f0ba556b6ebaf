import { startJira } from './jira.js';
import type { Effect } from './server.js';
import { startSlack } from './slack.js';
import { startSre } from './sre.js';

/** All three stand-ins in one process: one JSON line with their URLs, then one readable line for each thing they did. */
const tell =
  (name: string) =>
  ({ what }: Effect): void => {
    process.stdout.write(`${name.padEnd(5)} ${JSON.stringify(what).slice(1, -1)}\n`);
  };

const [slack, jira, sre] = await Promise.all([startSlack(tell('Slack')), startJira(tell('Jira')), startSre(tell('SRE'))]);
process.stdout.write(`${JSON.stringify({ slack: `${slack.url}/api/`, jira: jira.url, sre: sre.url })}\n`);

const stop = (): void => {
  Promise.all([slack.close(), jira.close(), sre.close()]).then(
    () => process.exit(0),
    () => process.exit(1),
  );
};
process.on('SIGTERM', stop);
process.on('SIGINT', stop);
if (process.argv.includes('--with-parent')) process.stdin.resume().on('end', stop);
