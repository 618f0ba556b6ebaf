import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { actionsDoc } from './generate-actions.mjs';
import { apiDoc } from './generate-api.mjs';
import { configurationDoc } from './generate-configuration.mjs';
import { mappingDoc } from './generate-mapping.mjs';
import { metricsDoc } from './generate-metrics.mjs';
import { ROOT, say } from './run.mjs';

/** Derives the committed reference pages from the built code. `--check`: writes nothing, exit 1 when one of them is out of date. */
const built = (file) => import(pathToFileURL(join(ROOT, 'runtime', 'dist', file)).href);

const isBuilt = (file) => existsSync(join(ROOT, 'runtime', 'dist', file));

/** The kinds that a registry lists ({ kind, config }), whatever it calls its table; none while the room has no registry. */
async function kindsOf(registry) {
  if (!isBuilt(registry)) return [];
  const tables = Object.values(await built(registry)).filter((table) => typeof table === 'object' && table !== null);
  return tables.flatMap((table) => Object.values(table).filter((entry) => entry?.kind && entry.config?._zod && !entry.run));
}

function errorsDoc({ ERRORS }) {
  const meaning = { never: 'the same call fails again', backoff: 'may work later', after: 'not before the stated time' };
  const rows = Object.entries(ERRORS).map(
    ([code, row]) => `| \`${code}\` | ${row.status} | ${row.retry}: ${meaning[row.retry]} | ${row.title} |`,
  );
  return `# Errors

Generated from \`runtime/src/errors.ts\`. Answers carry the code in problem details (RFC 9457); match the code, never the text.

| code | HTTP status | retry | meaning |
|---|---|---|---|
${rows.join('\n')}
`;
}

const pages = {
  'docs/configuration.md': configurationDoc(await built('config-schema.js'), {
    sources: await kindsOf('manager/registry.js'),
    destinations: await kindsOf('workflow/actions/registry.js'),
  }),
  'docs/actions.md': actionsDoc(await built('workflow/actions/registry.js')),
  'docs/errors.md': errorsDoc(await built('errors.js')),
  'docs/metrics.md': metricsDoc(await built('metrics.js')),
  'docs/api.md': apiDoc(
    await built('http/endpoints.js'),
    await built('http/openapi.js'),
    await built('http/endpoint.js'),
    await built('errors.js'),
  ),
};
const { mappingJsonSchema } = await built('mapper/mapping-file.js');
pages['mappings/mapping.schema.json'] = mappingJsonSchema();
pages['docs/mapping.md'] = mappingDoc(mappingJsonSchema());

const check = process.argv.includes('--check');
const stale = Object.entries(pages).filter(
  ([file, text]) => !existsSync(join(ROOT, file)) || readFileSync(join(ROOT, file), 'utf8') !== text,
);
for (const [file, text] of stale) {
  say(check ? `${file} is out of date: run node tools/generate.mjs after a build and commit it` : `wrote ${file}`);
  if (check) continue;
  mkdirSync(dirname(join(ROOT, file)), { recursive: true });
  writeFileSync(join(ROOT, file), text);
}
if (stale.length === 0) say(`${Object.keys(pages).length} generated files are up to date`);
process.exitCode = check && stale.length > 0 ? 1 : 0;
