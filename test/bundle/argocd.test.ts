import { argocdChart } from '#synth/charts/argocd/chart.js';
import { testHelmEquivalence } from './helm-equivalence.js';

testHelmEquivalence(argocdChart);
