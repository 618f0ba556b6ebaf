import { sreRouterChart } from '#synth/charts/sre-router/chart.js';
import { testEquivalence } from './equivalence.js';

testEquivalence(sreRouterChart);
