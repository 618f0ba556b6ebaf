/** docs/metrics.md from METRICS (runtime/src/metrics.ts). */
export function metricsDoc({ METRICS }) {
  const metrics = Object.values(METRICS);
  const rows = metrics.map(
    ({ name, type, labels, help }) =>
      `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help.replaceAll('|', '\\|')} |`,
  );
  const alerts = metrics.filter(({ alert }) => alert !== undefined).map(({ name, alert }) => `* \`${name}\`: ${alert}.`);
  const buckets = metrics
    .filter((metric) => metric.buckets !== undefined)
    .map(({ name, buckets }) => `* \`${name}\`: ${buckets.join(', ')} s.`);
  return `# Metrics

Generated from \`runtime/src/metrics.ts\`. Prometheus text format at \`/metrics\`.

\`/metrics\` is open to everybody who reaches the port, also where tokens are configured: it holds no payload text and no secret. Label values come from the
configuration, the mappings and the code alone, so their number is bounded; a type that nobody configured counts as \`other\`.

| metric | type | labels | meaning |
|---|---|---|---|
${rows.join('\n')}

## What to alert on

${alerts.join('\n')}

And from outside, since a router that is gone tells nothing: \`up == 0\` for 2 min.

## Buckets

${buckets.join('\n')}
`;
}
