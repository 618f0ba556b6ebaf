import { defineChart } from '../../chart.js';
import { accounts } from './accounts.js';
import { budgets } from './budgets.js';
import { monitoring } from './monitoring.js';
import { network } from './network.js';
import { farmers, synchronizer } from './node-set.js';
import { priority } from './priority.js';
import { properties } from './properties.js';
import { dcrRules } from './rules.js';
import { DcrValues } from './values.js';
import { workflowRelease } from './workflow-release.js';
import { workflowRights } from './workflow-rights.js';
import { workflowRun } from './workflow-run.js';
import { workflowSchedule } from './workflow-schedule.js';

/** Dynamic Cache Rebuild: farmers, synchronizer and the workflow that runs them. docs/dcr.md. */
export const dcrChart = defineChart({
  name: 'dcr',
  values: DcrValues,
  rules: dcrRules,
  templates: {
    'accounts.yaml': accounts,
    'budgets.yaml': budgets,
    'farmers.yaml': farmers,
    'monitoring.yaml': monitoring,
    'network.yaml': network,
    'priority.yaml': priority,
    'properties.yaml': properties,
    'synchronizer.yaml': synchronizer,
    'workflow-release.yaml': workflowRelease,
    'workflow-rights.yaml': workflowRights,
    'workflow-run.yaml': workflowRun,
    'workflow-schedule.yaml': workflowSchedule,
  },
});
