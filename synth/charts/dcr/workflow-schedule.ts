import { ApiObject } from 'cdk8s';
import type { Template } from '../../chart.js';
import { AT_ITS_POD, dcrctl, step, workflowBase } from './argo-parts.js';
import { FIRST } from './names.js';
import type { DcrValues } from './values.js';

const HOUR_SECONDS = 3_600;

/**
 * What no run does for itself: labels a guardian that was restarted, unlabels what is none any more, and takes farmers down whose workflow is gone, since
 * `argo terminate` runs no exit handler. Its workflows bear no label of the cluster: they are no runs.
 */
export const workflowSchedule: Template<typeof DcrValues> = (chart, v) => {
  if (!v.dcr.workflow.enabled) return;
  new ApiObject(chart, 'schedule', {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'CronWorkflow',
    metadata: { name: 'dcr-schedule', annotations: FIRST },
    spec: {
      schedules: [v.dcr.workflow.schedule],
      concurrencyPolicy: 'Forbid',
      startingDeadlineSeconds: 60,
      successfulJobsHistoryLimit: 1,
      failedJobsHistoryLimit: 3,
      workflowSpec: {
        ...workflowBase(v),
        activeDeadlineSeconds: HOUR_SECONDS,
        ttlStrategy: { secondsAfterCompletion: 24 * HOUR_SECONDS },
        templates: [
          { name: 'main', steps: [[step('label', 'label'), step('reap', 'reap')]] },
          dcrctl(v, 'label', { args: ['label-guardian', '--reconcile'], env: AT_ITS_POD }),
          dcrctl(v, 'reap', { args: ['reap'] }),
        ],
      },
    },
  });
};
