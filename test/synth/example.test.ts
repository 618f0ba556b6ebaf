import { testEquivalence } from './equivalence.js';
import { exampleChart } from './example/chart.js';

testEquivalence(exampleChart);
