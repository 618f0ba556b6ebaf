const cell = (text) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
/** A schema as the OpenAPI document has it, in a word. */
function typeOf(schema) {
  if (schema.const !== undefined) return `\`${schema.const}\``;
  if (schema.enum) return schema.enum.map((value) => `\`${value}\``).join(', ');
  if (schema.type === 'array') return `list of ${typeOf(schema.items)}`;
  if (schema.type === 'integer') {
    const bounds = [schema.minimum > Number.MIN_SAFE_INTEGER && schema.minimum, schema.maximum < Number.MAX_SAFE_INTEGER && schema.maximum];
    return bounds.some((bound) => bound !== false)
      ? `whole number, ${bounds.map((bound) => (bound === false ? '' : bound)).join(' to ')}`
      : 'whole number';
  }
  return { string: 'text', boolean: 'true or false', object: 'object' }[schema.type] ?? 'any JSON';
}

const TABLE = '| name | where | type | meaning |\n|---|---|---|---|';

function inputs({ parameters = [], requestBody }) {
  const rows = parameters.map(
    ({ name, in: where, required, description, schema }) =>
      `| \`${name}\` | ${where} | ${typeOf(schema)}${required ? '' : schema.default === undefined ? ', optional' : `, default \`${schema.default}\``} | ${cell(description ?? '')} |`,
  );
  const schema = Object.values(requestBody?.content ?? {})[0]?.schema;
  for (const [name, property] of Object.entries(schema?.properties ?? {}))
    rows.push(
      `| \`${name}\` | body | ${typeOf(property)}${schema.required?.includes(name) ? '' : ', optional'} | ${cell(property.description ?? '')} |`,
    );
  return rows.length === 0 ? '' : `\n${TABLE}\n${rows.join('\n')}\n`;
}

function fields(schema, path = '', depth = 0) {
  const item = schema.type === 'array' ? schema.items : schema;
  return Object.entries(item.properties ?? {}).flatMap(([name, property]) => {
    const below = property.type === 'array' ? `${path}${name}[]` : `${path}${name}`;
    const optional = item.required?.includes(name) ? '' : ', optional';
    return [
      `| \`${below}\` | ${typeOf(property)}${optional} | ${cell(property.description ?? '')} |`,
      ...(depth < 2 ? fields(property, `${below}.`, depth + 1) : []),
    ];
  });
}

function answers(endpoint, operation) {
  return Object.entries(endpoint.answers)
    .map(([status, { description, schema }]) => {
      const rows = schema === undefined ? [] : fields(operation.responses[status].content['application/json'].schema);
      return `**${status}** ${description}${rows.length === 0 ? '' : `\n\n| field | type | meaning |\n|---|---|---|\n${rows.join('\n')}`}`;
    })
    .join('\n\n');
}

/** docs/api.md from ENDPOINTS (runtime/src/http/endpoints.ts), by way of the OpenAPI document. */
export function apiDoc({ ENDPOINTS }, { openApiDocument }, { errorsOf }, { ERRORS }) {
  const { paths } = openApiDocument(ENDPOINTS, '');
  const everywhere = ENDPOINTS.map((endpoint) => errorsOf(endpoint)).reduce((common, codes) =>
    common.filter((code) => codes.includes(code)),
  );
  const errors = (codes) => codes.map((code) => `\`${code}\` ${ERRORS[code].status}`).join(', ');
  const sections = ENDPOINTS.map((endpoint) => {
    const operation = paths[endpoint.path][endpoint.method.toLowerCase()];
    const own = errorsOf(endpoint).filter((code) => !everywhere.includes(code));
    return `## ${endpoint.method} ${endpoint.path}

${endpoint.summary} ${endpoint.role === 'none' ? 'Open to everybody.' : `Role: \`${endpoint.role}\`.`}${endpoint.body && !endpoint.body.schema ? ` Body: ${endpoint.body.types.map((type) => `\`${type}\``).join(', ')}, also gzip.` : ''}
${inputs(operation)}
${answers(endpoint, operation)}
${own.length === 0 ? '' : `\nErrors: ${errors(own)}.\n`}`;
  });
  return `# HTTP API

Generated from \`runtime/src/http/endpoints.ts\`. The same as OpenAPI 3.1: \`GET /openapi.json\`.

**Tokens.** With \`http.auth.tokensFile\` set, a call needs \`Authorization: Bearer <token>\` of a token that has the endpoint's role: \`ingest\` sends, \`read\` looks,
\`operate\` commands. The file holds sha-256 sums, never tokens, and is read again when it changes; a broken new file leaves the old tokens in force and is logged.
\`/\`, \`/livez\`, \`/readyz\`, \`/metrics\` and \`/openapi.json\` are open: no payload text and no secret is in them. Without a tokens file the router listens on loopback
only, and refuses what comes under a public name or from a page elsewhere (\`HOST_REFUSED\`), so that no browser on the machine can be used against it.

**Errors** are problem details (RFC 9457, \`application/problem+json\`): \`{type, title, status, code, detail?, pointer?}\`. Match \`code\`; [errors.md](errors.md) lists them.
Every endpoint may answer ${errors(everywhere)}; a known path with another method answers \`METHOD_NOT_ALLOWED\` 405 with \`Allow\`; an unknown path \`NOT_FOUND\` 404.

**Senders.** \`202\` means that every event is on disk. \`503\` means: send it again. \`4xx\` means: the same again cannot help. No answer is a redirect; a trailing or doubled slash
is forgiven. Once the body is there, the answer comes within 8 s, which is less than Alertmanager waits at least, even when the disk hangs.

**Secrets.** Fields named like secrets (password, token, api_key, authorization, …) and everything below them, their values wherever else they stand in the same answer, and
the credentials of all destinations in any usual encoding are shown as \`[redacted]\`. In the log on disk an event stands as it came: its steps may need it.

**Bounds.** Request line and headers 16 KiB; body \`limits.body\`; headers within 10 s, the whole request within 30 s; at most 8 × \`limits.body\` of bodies under way at once.

${sections.join('\n')}`;
}
