import { sreRouterChart } from '#synth/charts/sre-router/chart.js';
import { testHelmEquivalence } from './helm-equivalence.js';

testHelmEquivalence(sreRouterChart);
