import { defineChart } from '../../chart.js';
import { dcrApplications } from './dcr-applications.js';
import { project } from './project.js';
import { routerApplication } from './router-application.js';
import { argocdRules } from './rules.js';
import { ArgocdValues } from './values.js';

/** Argo CD's own objects for one environment: docs/how-to/gitops-argocd.md. */
export const argocdChart = defineChart({
  name: 'argocd',
  values: ArgocdValues,
  rules: argocdRules,
  templates: { 'project.yaml': project, 'router.yaml': routerApplication, 'dcr.yaml': dcrApplications },
});
