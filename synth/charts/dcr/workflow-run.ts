import { ApiObject } from 'cdk8s';
import type { Template } from '../../chart.js';
import {
  ANYWAY,
  AT_ITS_POD,
  clusterLabel,
  containerBase,
  dcrctl,
  mutexes,
  OF_THIS_RUN,
  question,
  step,
  workflowBase,
} from './argo-parts.js';
import type { ArgoTemplate, Step } from './argo-types.js';
import { FIRST, type V } from './names.js';
import type { DcrValues } from './values.js';

const DAY_SECONDS = 86_400;
const WORKFLOW_NAME = '{{workflow.name}} in {{workflow.namespace}}';
/** A run is seen in one place as long as it lasts, and a lost one ends. */
const RUN_DEADLINE_SECONDS = 7 * DAY_SECONDS;

/** One run, from preflight to the guardian. `argo submit --from workflowtemplate/dcr-run`. */
export const workflowRun: Template<typeof DcrValues> = (chart, v) => {
  if (!v.dcr.workflow.enabled) return;
  const metricLabels = [{ key: 'cluster', value: v.cluster }];
  new ApiObject(chart, 'run', {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'WorkflowTemplate',
    metadata: { name: 'dcr-run', labels: clusterLabel(v), annotations: FIRST },
    spec: {
      ...workflowBase(v),
      onExit: 'on-exit',
      activeDeadlineSeconds: RUN_DEADLINE_SECONDS,
      synchronization: mutexes(v),
      workflowMetadata: { labels: clusterLabel(v) },
      ttlStrategy: { secondsAfterSuccess: 7 * DAY_SECONDS, secondsAfterFailure: 30 * DAY_SECONDS },
      arguments: {
        parameters: [
          {
            name: 'replaceGuardian',
            value: 'false',
            enum: ['true', 'false'],
            description: 'Release the guardian of an earlier run first; otherwise the run refuses while it stands.',
          },
          {
            name: 'keepFarmersOnFailure',
            value: 'false',
            enum: ['true', 'false'],
            description: 'Leave the farmers running when the run fails, for people to look at.',
          },
          { name: 'interventionTimeout', value: v.dcr.workflow.interventionTimeout, description: 'How long a person has to answer.' },
        ],
      },
      metrics: {
        prometheus: [
          {
            name: 'dcr_run_duration_seconds',
            help: 'Duration of the run that is under way.',
            labels: metricLabels,
            gauge: { realtime: true, value: '{{workflow.duration}}' },
          },
          {
            name: 'dcr_runs_total',
            help: 'Runs by result.',
            labels: [...metricLabels, { key: 'result', value: '{{workflow.status}}' }],
            counter: { value: '1' },
          },
        ],
      },
      templates: [
        main(v),
        ...guardedWait(v),
        preflight(v),
        ...commits(v),
        dcrctl(v, 'label-guardian', { args: ['label-guardian'], env: [...OF_THIS_RUN, ...AT_ITS_POD] }),
        dcrctl(v, 'started', {
          args: ['notify', 'started', `--message=Workflow ${WORKFLOW_NAME}.`, '--id={{workflow.uid}}.started'],
          env: OF_THIS_RUN,
        }),
        ...onExit(v),
      ],
    },
  });
};

/**
 * Order is safety: the cache is proven to be written before farmers go, and the guardian is labelled last. All farmers start together, for the synchronizer
 * updates the history by itself.
 */
function main(v: V): ArgoTemplate {
  const { syncedWithin, registeredWithin, farmersWithin, rebuildStall, writeStall, farmersGoneWithin } = v.dcr.workflow;
  const wait = (name: string, phase: string, timeout: string, after: string): Step[] => [
    step(name, 'guarded-wait', { phase, timeout, since: `{{steps.${after}.finishedAt}}` }),
  ];
  return {
    name: 'main',
    steps: [
      [step('started', 'started', {}, { continueOn: ANYWAY }), step('preflight', 'preflight')],
      [step('scale-up', 'scale-up')],
      wait('synced', 'synced:{{steps.scale-up.outputs.parameters.sha}}', syncedWithin, 'scale-up'),
      wait('registered', 'registered', registeredWithin, 'synced'),
      wait('farmers', `farmers:${v.dcr.minFarmers}`, farmersWithin, 'registered'),
      wait('rebuilt', 'rebuilt', rebuildStall, 'farmers'),
      wait('cache-written', 'cache-written', writeStall, 'rebuilt'),
      [step('scale-down', 'farmers-off', { phase: 'scale-down' })],
      wait('farmers-gone', 'farmers-gone', farmersGoneWithin, 'scale-down'),
      [step('guardian', 'label-guardian')],
    ],
  };
}

/** A wait that asks a person when it ends in vain: retry, proceed, or (also without an answer) abort. */
function guardedWait(v: V): ArgoTemplate[] {
  const inputs = { parameters: [{ name: 'phase' }, { name: 'timeout' }, { name: 'since' }] };
  const passed = { phase: '{{inputs.parameters.phase}}', timeout: '{{inputs.parameters.timeout}}' };
  const decision = "'{{steps.ask.outputs.parameters.decision}}'";
  return [
    {
      name: 'guarded-wait',
      inputs,
      steps: [
        [step('wait', 'wait-phase', { ...passed, since: '{{inputs.parameters.since}}' }, { continueOn: ANYWAY })],
        [step('recover', 'recover', passed, { when: "'{{steps.wait.status}}' != 'Succeeded'" })],
      ],
    },
    {
      // Entered only after a failure, so that 'ask' has always run when its answer is read.
      name: 'recover',
      inputs: { parameters: [{ name: 'phase' }, { name: 'timeout' }] },
      steps: [
        [step('tell', 'call-a-person', { phase: passed.phase }, { continueOn: ANYWAY })],
        [step('ask', 'manual-intervention')],
        [
          step('retry', 'guarded-wait', { ...passed, since: '{{steps.ask.finishedAt}}' }, { when: `${decision} == 'retry'` }),
          // What is none of the answers is no answer.
          step('abort', 'abort', {}, { when: `${decision} != 'retry' && ${decision} != 'proceed'` }),
        ],
      ],
    },
    question('manual-intervention', 'decision', ['abort', 'retry', 'proceed']),
    dcrctl(v, 'wait-phase', {
      inputs: ['phase', 'timeout', 'since'],
      args: ['wait', '--phase', passed.phase, '--timeout', passed.timeout, '--since', '{{inputs.parameters.since}}'],
      env: OF_THIS_RUN,
    }),
    dcrctl(v, 'call-a-person', {
      inputs: ['phase'],
      args: [
        'notify',
        'manual-intervention',
        '--subject',
        passed.phase,
        '--wait-for',
        '{{workflow.parameters.interventionTimeout}}',
        '--workflow',
        '{{workflow.name}}',
        '--namespace',
        '{{workflow.namespace}}',
        '--runbook-url',
        `${v.runbookUrl}#manual-intervention`,
      ],
      env: OF_THIS_RUN,
    }),
    {
      name: 'abort',
      container: {
        ...containerBase(v),
        command: ['node'],
        args: ['-e', 'console.error("Aborted: no answer, or abort."); process.exit(1)'],
      },
    },
  ];
}

function preflight(v: V): ArgoTemplate {
  const replace = { name: 'DCRCTL_REPLACE_GUARDIAN', value: '{{workflow.parameters.replaceGuardian}}' };
  return dcrctl(v, 'preflight', { args: ['preflight'], env: [...OF_THIS_RUN, replace] });
}

/** Git is the only writer of scale: the workflow commits, Argo CD applies. */
function commits(v: V): ArgoTemplate[] {
  const sha = { outputs: [{ name: 'sha', valueFrom: { path: '/work/sha' } }], env: OF_THIS_RUN };
  const file = ['--sha-file', '/work/sha'];
  return [
    dcrctl(v, 'scale-up', {
      args: ['git-set', 'farmers.enabled=true', 'synchronizer.enabled=true', 'dcr.runId={{workflow.uid}}', '--phase', 'scale-up', ...file],
      ...sha,
    }),
    dcrctl(v, 'farmers-off', {
      inputs: ['phase'],
      args: ['git-set', 'farmers.enabled=false', '--phase', '{{inputs.parameters.phase}}', ...file],
      ...sha,
    }),
  ];
}

/** After a failure farmers go down unless told otherwise; the synchronizer is never touched. */
function onExit(v: V): ArgoTemplate[] {
  const failed = "'{{workflow.status}}' != 'Succeeded'";
  return [
    {
      name: 'on-exit',
      steps: [
        [
          step(
            'farmers-down',
            'farmers-off',
            { phase: 'cleanup' },
            { when: `${failed} && '{{workflow.parameters.keepFarmersOnFailure}}' != 'true'`, continueOn: ANYWAY },
          ),
        ],
        [step('report', 'report')],
      ],
    },
    dcrctl(v, 'report', {
      args: ['notify', '{{workflow.status}}', `--message=Workflow ${WORKFLOW_NAME}.`, '--failures={{workflow.failures}}'],
      env: OF_THIS_RUN,
    }),
  ];
}
