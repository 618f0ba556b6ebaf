import { dcrChart } from '#synth/charts/dcr/chart.js';
import { testHelmEquivalence } from './helm-equivalence.js';

testHelmEquivalence(dcrChart);
