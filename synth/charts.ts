import type { HelmChart } from './chart.js';

/** All charts of the repository. The code of each is in synth/charts/<name>/. */
export const CHARTS: readonly HelmChart[] = [];
