import type { HelmChart } from './chart.js';
import { argocdChart } from './charts/argocd/chart.js';
import { dcrChart } from './charts/dcr/chart.js';
import { sreRouterChart } from './charts/sre-router/chart.js';

/** All charts of the repository. The code of each is in synth/charts/<name>/. */
export const CHARTS: readonly HelmChart[] = [argocdChart, dcrChart, sreRouterChart];
