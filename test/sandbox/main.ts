import { startJira } from './jira.js';
import type { Effect } from './server.js';
import { startSlack } from './slack.js';
import { startSre } from './sre.js';

const MAX_LINE = 160;

/** Text from outside on one line, without control characters. */
const oneLine = (text: unknown): string =>
  String(text)
    .replaceAll(/[\p{C}\s]+/gu, ' ')
    .slice(0, MAX_LINE);

function describe({ route, ...effect }: Effect): string {
  switch (route) {
    case 'chat.postMessage':
      return `#${effect.channelName}${effect.threadTs === null ? '' : ' (in a thread)'}: ${effect.text}`;
    case 'chat.update':
      return `#${effect.channelName} (edited): ${effect.text}`;
    case 'issue.create':
      return `${effect.issue} created (${effect.issueType}): ${effect.summary}`;
    case 'comment.create':
      return `${effect.issue} commented`;
    case 'transition':
      return `${effect.issue} moved from ${effect.from} to ${effect.to}`;
    case 'tasks.submit':
      return `${effect.id} submitted: ${effect.task} ${JSON.stringify(effect.params)}`;
    default:
      return `${route} ${effect.key ?? ''}`;
  }
}

const NAMES: Readonly<Record<string, string>> = { slack: 'Slack', jira: 'Jira', sre: 'SRE API' };
/** Nothing before the line of urls: no client knows the servers before it. */
const tell = (name: string, effect: Effect): void => {
  process.stdout.write(`  ${(NAMES[name] ?? name).padEnd(7)}  ${oneLine(describe(effect))}\n`);
};

const standIns = await Promise.all([startSlack(tell), startJira(tell), startSre(tell)]);
const [slack, jira, sre] = standIns;

function stop(): void {
  Promise.all(standIns.map((standIn) => standIn.close())).then(
    () => process.exit(0),
    () => process.exit(1),
  );
}
process.on('SIGTERM', stop);
process.on('SIGINT', stop);
process.stdout.on('error', stop);
if (process.argv.includes('--with-parent')) {
  process.stdin.on('end', stop);
  process.stdin.on('error', stop);
  process.stdin.resume();
}
process.stdout.write(`${JSON.stringify({ slack: slack.url, jira: jira.url, sre: sre.url })}\n`);
