import { ApiObject } from 'cdk8s';
import type { Template } from '../../chart.js';
import { ANYWAY, clusterLabel, dcrctl, mutexes, OF_THIS_RUN, question, step, workflowBase } from './argo-parts.js';
import { FIRST } from './names.js';
import type { DcrValues } from './values.js';

const DAY_SECONDS = 86_400;
const ANSWER = "'{{steps.ask.outputs.parameters.approve}}'";
const AT = '-n {{workflow.namespace}} {{workflow.name}} --node-field-selector displayName=ask';
/** The commands that answer, as they go into the thread. */
const HOW = `To release it: argo node set ${AT} -p approve=yes && argo resume ${AT}. Without an answer it stays.`;

/** Lets the guardian go: apart from runs, and only after a person has said yes. `argo submit --from workflowtemplate/dcr-release-guardian`. */
export const workflowRelease: Template<typeof DcrValues> = (chart, v) => {
  if (!v.dcr.workflow.enabled) return;
  new ApiObject(chart, 'release', {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'WorkflowTemplate',
    metadata: { name: 'dcr-release-guardian', labels: clusterLabel(v), annotations: FIRST },
    spec: {
      ...workflowBase(v),
      onExit: 'on-exit',
      activeDeadlineSeconds: DAY_SECONDS,
      synchronization: mutexes(v),
      workflowMetadata: { labels: clusterLabel(v) },
      ttlStrategy: { secondsAfterSuccess: 7 * DAY_SECONDS, secondsAfterFailure: 30 * DAY_SECONDS },
      arguments: {
        parameters: [
          { name: 'interventionTimeout', value: v.dcr.workflow.interventionTimeout, description: 'How long a person has to answer.' },
        ],
      },
      templates: [
        {
          name: 'main',
          steps: [
            [step('tell', 'tell', {}, { continueOn: ANYWAY })],
            [step('ask', 'approval')],
            [
              step('release', 'release', {}, { when: `${ANSWER} == 'yes'` }),
              step('stays', 'stays', {}, { when: `${ANSWER} != 'yes'`, continueOn: ANYWAY }),
            ],
          ],
        },
        question('approval', 'approve', ['no', 'yes']),
        dcrctl(v, 'tell', {
          args: [
            'notify',
            'started',
            '--state=release of the guardian: approval needed',
            `--message=${HOW} Runbook: ${v.runbookUrl}#release-the-guardian`,
            '--id={{workflow.uid}}.started',
          ],
          env: OF_THIS_RUN,
        }),
        // Whatever run git names: the workflow stands for none, and a person has said yes.
        dcrctl(v, 'release', {
          args: ['git-set', 'synchronizer.enabled=false', '--phase', 'release-guardian', '--any-run'],
          env: OF_THIS_RUN,
        }),
        dcrctl(v, 'stays', { args: ['notify', 'progress', '--state=not approved: the guardian stays'], env: OF_THIS_RUN }),
        { name: 'on-exit', steps: [[step('report', 'report')]] },
        dcrctl(v, 'report', { args: ['notify', '{{workflow.status}}', '--failures={{workflow.failures}}'], env: OF_THIS_RUN }),
      ],
    },
  });
};
