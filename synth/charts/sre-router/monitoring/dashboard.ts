import { k8s } from 'cdk8s-plus-27';
import type { Template } from '../../../chart.js';
import { labels } from '../names.js';
import type { SreRouterValues } from '../values.js';
import { ROWS, type Row } from './dashboard-panels.js';

const COLUMNS = 24;
const HEIGHT: Readonly<Record<Row['panels'][number]['kind'], number>> = { stat: 4, timeseries: 8 };
const DATASOURCE = { type: 'prometheus', uid: '$datasource' };

/** Grafana's JSON of the dashboard: the same for every installation, which is chosen above it by namespace and job. */
function dashboardJson(): Record<string, unknown> {
  return {
    uid: 'sre-router',
    title: 'SRE router',
    description: 'Runbooks of the alerts: docs/runbooks.md.',
    tags: ['sre-router'],
    schemaVersion: 39,
    editable: false,
    graphTooltip: 1,
    refresh: '30s',
    time: { from: 'now-6h', to: 'now' },
    templating: {
      list: [
        { type: 'datasource', name: 'datasource', label: 'Prometheus', query: 'prometheus' },
        variable('namespace', 'label_values(sre_router_info, namespace)'),
        variable('job', 'label_values(sre_router_info{namespace="$namespace"}, job)'),
      ],
    },
    panels: laidOut(ROWS),
  };
}

export const dashboard: Template<typeof SreRouterValues> = (chart, v) => {
  const { dashboard: isOn, dashboardLabels, dashboardAnnotations } = v.monitoring;
  if (!isOn) return;
  new k8s.KubeConfigMap(chart, 'dashboard', {
    metadata: {
      name: `${v.release.name}-dashboard`,
      labels: { ...dashboardLabels, ...labels(v), grafana_dashboard: '1' },
      annotations: dashboardAnnotations,
    },
    data: { 'sre-router.json': `${JSON.stringify(dashboardJson(), null, 2)}\n` },
  });
};

function variable(name: string, query: string): Record<string, unknown> {
  // Refreshed when the time range changes: installations come and go.
  return { type: 'query', name, label: name, datasource: DATASOURCE, query: { query, refId: name }, refresh: 2, sort: 1 };
}

/** Panels of a row stand side by side while there is room; the next row begins below the lowest. */
function laidOut(rows: readonly Row[]): Record<string, unknown>[] {
  const out: Record<string, unknown>[] = [];
  const add = (panel: Record<string, unknown>): void => void out.push({ id: out.length + 1, ...panel });
  let y = 0;
  for (const { title, panels } of rows) {
    add({ type: 'row', title, collapsed: false, gridPos: { x: 0, y, w: COLUMNS, h: 1 }, panels: [] });
    y += 1;
    let [x, height] = [0, 0];
    for (const panel of panels) {
      if (x + panel.width > COLUMNS) [x, y, height] = [0, y + height, 0];
      add(panelJson(panel, { x, y, w: panel.width, h: HEIGHT[panel.kind] }));
      x += panel.width;
      height = Math.max(height, HEIGHT[panel.kind]);
    }
    y += height;
  }
  return out;
}

function panelJson({ kind, title, description, unit, redFrom, queries }: Row['panels'][number], gridPos: object): Record<string, unknown> {
  const steps = [{ color: 'green', value: null }, ...(redFrom === undefined ? [] : [{ color: 'red', value: redFrom }])];
  return {
    type: kind,
    title,
    ...(description !== undefined && { description }),
    datasource: DATASOURCE,
    gridPos,
    fieldConfig: { defaults: { unit, min: 0, ...(redFrom !== undefined && { thresholds: { mode: 'absolute', steps } }) }, overrides: [] },
    targets: queries.map(({ expr, legend }, index) => ({
      refId: String.fromCharCode('A'.charCodeAt(0) + index),
      datasource: DATASOURCE,
      expr,
      legendFormat: legend,
      range: true,
    })),
  };
}
