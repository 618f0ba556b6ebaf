import { exampleChart } from '#test/synth/example/chart.js';
import { testHelmEquivalence } from './helm-equivalence.js';

testHelmEquivalence(exampleChart);
