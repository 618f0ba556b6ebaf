import type { Command } from './command.js';
import { DcrError, EXIT_FINE } from './dcr-error.js';
import { durationMs, type Flags, httpUrl, objectName, oneLine, optional, required } from './flags.js';
import { ROUTER_OPTIONS, RUN_OPTIONS } from './options.js';
import type { Ports } from './ports.js';
import { interventionText, NOTICES, type Notice, noticeOf, runEvents } from './run-event.js';
import { checkRunId } from './run-id.js';

const ID_BYTES = 8;
const MAX_MESSAGE = 2_000;

export const notifyCommand: Command = {
  name: 'notify',
  positional: { name: 'notice', describe: `${NOTICES.join(', ')}; Argo's Succeeded, Failed and Error are understood`, required: true },
  describe: 'Tell the router how a run goes: one Slack thread a run, a ticket if it fails',
  exits: '0 the router has it · 1 wrong usage · 2 the router refuses it · 3 the router does not answer',
  options: {
    ...RUN_OPTIONS,
    ...ROUTER_OPTIONS,
    state: { describe: 'State in a few words, instead of the notice' },
    message: { describe: 'Text that goes into the thread' },
    id: { describe: 'Names this telling: told twice with one id it is one event. Default: made anew; at the end of a run made of the run' },
    timeout: { describe: 'Longest time for all tries', default: '60s' },
    subject: { describe: 'manual-intervention: what waits, e.g. the phase' },
    'wait-for': { describe: 'manual-intervention: how long the workflow waits for an answer', default: '30m' },
    workflow: { describe: 'manual-intervention: name of the workflow' },
    namespace: { describe: 'manual-intervention: its namespace' },
    step: { describe: 'manual-intervention: display name of the suspended step', default: 'ask' },
    'runbook-url': { describe: 'manual-intervention: link to the section of the runbook' },
  },
  examples: [
    ['$0 notify started --run-id r-7 --cluster express-7', ''],
    ['$0 notify manual-intervention --subject rebuilt --workflow dcr-express-7 --namespace dcr …', 'says how to retry, proceed or abort'],
    ['$0 notify Failed --message "no progress for 1h"', "takes the workflow's status as it is"],
  ],
  async run(flags, ports) {
    const notice = noticeOf(required(flags, 'notice'));
    if (notice === undefined)
      throw new DcrError('USAGE', `expected one of ${NOTICES.join(', ')}; received ${JSON.stringify(flags.notice)}`);
    const run = checkRunId(optional(flags, 'run-id'));
    const cluster = oneLine(flags, 'cluster') ?? required(flags, 'cluster');
    const url = httpUrl(flags, 'router-url') ?? required(flags, 'router-url');
    const [{ openHttp }, { sendEvents }] = await Promise.all([import('./http-ask.js'), import('./send-events.js')]);
    const events = runEvents({
      run,
      cluster,
      notice,
      state: oneLine(flags, 'state'),
      message: messageOf(flags, notice),
      id: idOf(flags, notice, run, ports),
      time: new Date(ports.clock.nowMs()).toISOString(),
    });
    await sendEvents(
      events,
      { url, tokenFile: optional(flags, 'router-token-file'), timeoutMs: durationMs(flags, 'timeout') },
      { ...ports, say: (line) => ports.say(line), ask: openHttp() },
    );
    ports.out(`told: ${notice} of run ${run}`);
    return EXIT_FINE;
  },
};

/** A run ends once, so that its end has one id however often it is told; other notices are news each time. */
function idOf(flags: Flags, notice: Notice, run: string, ports: Ports): string {
  const given = oneLine(flags, 'id');
  if (given !== undefined) return given;
  return notice === 'succeeded' || notice === 'failed' ? `${run}.${notice}` : `${run}.${ports.random.hex(ID_BYTES)}`;
}

function messageOf(flags: Flags, notice: Notice): string | undefined {
  const message = optional(flags, 'message')?.slice(0, MAX_MESSAGE);
  if (notice !== 'manual-intervention') return message;
  return interventionText({
    subject: oneLine(flags, 'subject') ?? required(flags, 'subject'),
    message,
    waitMs: durationMs(flags, 'wait-for'),
    workflow: objectName(flags, 'workflow'),
    namespace: objectName(flags, 'namespace'),
    step: oneLine(flags, 'step') ?? required(flags, 'step'),
    runbookUrl: httpUrl(flags, 'runbook-url') ?? required(flags, 'runbook-url'),
  });
}
