import { dcrChart } from '#synth/charts/dcr/chart.js';
import { testEquivalence } from './equivalence.js';

testEquivalence(dcrChart);
