import { defineChart } from '#synth/chart.js';
import { app, config, journal, monitoring, notes, topics } from './templates.js';
import { ExampleValues, exampleRules } from './values.js';

export const exampleSource = {
  name: 'example',
  values: ExampleValues,
  rules: exampleRules,
  templates: { 'config.yaml': config, 'app.yaml': app, 'journal.yaml': journal, 'topics.yaml': topics, 'monitoring.yaml': monitoring },
  notes,
};

export const exampleChart = defineChart(exampleSource);
