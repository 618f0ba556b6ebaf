import { defineChart } from '../../chart.js';
import { argoProblems } from './argo-rules.js';
import { config } from './config.js';
import { disruption } from './disruption.js';
import { eventBus } from './event-bus.js';
import { eventSources } from './event-sources.js';
import { mappings } from './mappings.js';
import { dashboard } from './monitoring/dashboard.js';
import { prometheusRule } from './monitoring/prometheus-rule.js';
import { serviceMonitors } from './monitoring/service-monitor.js';
import { networkPolicy } from './network-policy.js';
import { notes } from './notes.js';
import { sreRouterRules } from './rules.js';
import { sreRouterSecrets } from './secrets.js';
import { sensor } from './sensor.js';
import { services } from './services.js';
import { topics } from './topics.js';
import { SreRouterValues } from './values.js';
import { router, split } from './workload.js';

export const sreRouterChart = defineChart({
  name: 'sre-router',
  values: SreRouterValues,
  rules: sreRouterRules,
  secrets: sreRouterSecrets,
  notes,
  check: argoProblems,
  templates: {
    'config.yaml': config,
    'mappings.yaml': mappings,
    'router.yaml': router,
    'split.yaml': split,
    'services.yaml': services,
    'disruption.yaml': disruption,
    'network-policy.yaml': networkPolicy,
    'topics.yaml': topics,
    'event-bus.yaml': eventBus,
    'event-sources.yaml': eventSources,
    'sensor.yaml': sensor,
    'service-monitors.yaml': serviceMonitors,
    'alerts.yaml': prometheusRule,
    'dashboard.yaml': dashboard,
  },
});
