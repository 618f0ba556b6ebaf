import { z } from 'zod';

function typeOf(node) {
  if (node.const !== undefined) return `\`${node.const}\``;
  if (node.enum) return node.enum.map((value) => `\`${value}\``).join(', ');
  if (node.format === 'duration' || node.format === 'size' || node.format === 'path' || node.format === 'url') return node.format;
  const atLeast =
    node.exclusiveMinimum !== undefined
      ? `, more than ${node.exclusiveMinimum}`
      : node.minimum > Number.MIN_SAFE_INTEGER
        ? `, at least ${node.minimum}`
        : '';
  const atMost = node.maximum < Number.MAX_SAFE_INTEGER ? `, at most ${node.maximum}` : '';
  return `${node.type === 'integer' ? 'whole number' : (node.type ?? 'any')}${atLeast}${atMost}`;
}

/** One row a setting; objects are opened, maps by name are described in sections of their own. */
function rows(node, path, required = false) {
  if (node.type === 'object' && node.properties)
    return Object.entries(node.properties).flatMap(([key, child]) =>
      rows(child, path ? `${path}.${key}` : key, node.required?.includes(key)),
    );
  if (node.type === 'object') return [];
  const fallback = node.default === undefined ? (required ? '(required)' : '') : `\`${node.default}\``;
  return [`| \`${path}\` | ${typeOf(node)} | ${fallback} | ${(node.description ?? '').replaceAll('|', '\\|')} |`];
}

const HEAD = '| setting | type | default | meaning |\n|---|---|---|---|';
const inputOf = (schema) => z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
const section = (schema) => [HEAD, ...rows(inputOf(schema), '')].join('\n');

const kindSections = (kinds) =>
  kinds
    .map(
      ({ kind, config }) => `\n### kind: ${kind}\n\n${rows(inputOf(config), '').length > 0 ? section(config) : 'No further settings.'}\n`,
    )
    .join('');

export function configurationDoc({ configSchema, sourceCommon, destinationCommon, DEFAULT_SOURCES }, kinds) {
  return `# Configuration

Generated from \`runtime/src/config-schema.ts\`.

One YAML or JSON file (\`--config FILE\` or \`SRE_ROUTER_CONFIG\`), then environment variables, then flags, in rising order. A setting without
a default is optional unless marked required. Unknown keys are refused, and all problems are told together. Paths are relative to the working directory.

* **Durations** are text such as \`250ms\`, \`30s\`, \`10m\`, \`1h30m\`, \`7d\`; **sizes** are text such as \`512B\`, \`900kB\`, \`16MiB\`.
* **Secrets** are given as files only (\`tokenFile\`, \`headersFile\`, …); they are read when used, so rotating one needs no restart.
* **Environment**: \`SRE_ROUTER_\` and the path in upper case, levels parted by two underscores, words by one:
  \`SRE_ROUTER_HTTP__PORT=9090\` is \`http.port\`, \`SRE_ROUTER_DESTINATIONS__SLACK__TOKEN_FILE\` is \`destinations.slack.tokenFile\`. Values are read as YAML
  (\`true\`, \`8080\`, \`[a, b]\`). The variables that Kubernetes makes for Services (\`SRE_ROUTER_SERVICE_HOST\`, \`SRE_ROUTER_PORT_80_TCP\`, …) are not settings.
* A CA of your own is given to Node itself: \`NODE_EXTRA_CA_CERTS=/path/ca.pem\`. \`HTTPS_PROXY\` and \`NO_PROXY\` are honoured.

## Settings

${section(configSchema)}

\`log.retention\` must be at least \`incidents.dedupeWindow\`; with Kafka \`limits.event\` is at most 1,000,000 bytes.

## sources.\\<name\\>

\`POST /ingest/<name>\` takes what a source of this kind sends. Default: ${Object.entries(DEFAULT_SOURCES)
    .map(([name, { kind }]) => `\`${name}\` (${kind})`)
    .join(', ')}.

${section(sourceCommon)}
${kindSections(kinds.sources)}
## destinations.\\<name\\>

Mappings name them. These settings belong to every kind; the rest belongs to the kind.

${section(destinationCommon)}
${kindSections(kinds.destinations)}`;
}
