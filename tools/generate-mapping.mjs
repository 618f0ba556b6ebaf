/** docs/mapping.md from the JSON Schema of mapping files: one table for each object in it. */

const SECTIONS = [
  ['The file', [], ''],
  [
    'A route',
    ['routes', '*', '[]'],
    'One entry of `routes.<event type>`. Lists that are absent run nothing; `expired` is `resolved` where it is absent.',
  ],
  [
    'A step',
    ['routes', '*', '[]', 'actions', '[]'],
    'One entry of `actions`, `reopened`, `repeated`, `updated`, `resolved` and `expired`. What goes into `with`: [actions](actions.md).',
  ],
  [
    'A test',
    ['tests', '[]'],
    'One entry of `tests`: an event, and what is expected of it. `sre-router check` runs them; nothing is called.',
  ],
];

export function mappingDoc(given) {
  const schema = typeof given === 'string' ? JSON.parse(given) : given;
  const resolve = (node) => {
    if (node?.$ref === undefined) return node ?? {};
    const { $ref, ...rest } = node;
    return { ...resolve(schema.$defs[$ref.slice('#/$defs/'.length)]), ...rest };
  };
  const at = (path) =>
    path.reduce(
      (node, step) => resolve(step === '[]' ? node.items : step === '*' ? node.additionalProperties : node.properties[step]),
      resolve(schema),
    );
  const typeOf = (node) => {
    if (node.const !== undefined) return `\`${node.const}\``;
    if (node.enum) return node.enum.map((value) => `\`${value}\``).join(', ');
    if (node.anyOf)
      return node.anyOf.every((one) => resolve(one).const !== undefined) ? node.anyOf.map((one) => typeOf(resolve(one))).join(', ') : 'any';
    if (node.type === 'array') return `list${node.maxItems ? `, at most ${node.maxItems}` : ''}`;
    const most = node.maximum === undefined || node.maximum >= Number.MAX_SAFE_INTEGER ? '' : `, at most ${node.maximum}`;
    const least = node.minimum === undefined ? '' : `, at least ${node.minimum}`;
    return `${{ string: 'text', integer: 'whole number', object: 'object', boolean: 'true, false' }[node.type] ?? 'any'}${least}${most}`;
  };
  const rows = (node, prefix = '') =>
    Object.entries(node.properties ?? {}).flatMap(([key, child]) => {
      const inner = resolve(child);
      const name = `${prefix}${key}`;
      const required = node.required?.includes(key) ? '**required.** ' : '';
      const own = `| \`${name}\` | ${typeOf(inner)} | ${required}${(inner.description ?? '').replaceAll('|', '\\|').replaceAll('<', '&lt;')} |`;
      return inner.type === 'object' && inner.properties ? [own, ...rows(inner, `${name}.`)] : [own];
    });
  const sections = SECTIONS.map(
    ([title, path, text]) =>
      `## ${title}\n\n${text === '' ? '' : `${text}\n\n`}| key | type | meaning |\n|---|---|---|\n${rows(at(path)).join('\n')}\n`,
  );
  return `# Mapping files

Generated from \`runtime/src/mapper/mapping-file.ts\`. The same as JSON Schema: [mapping.schema.json](../mappings/mapping.schema.json); with \`"$schema"\` in a file editors complete and check
it. A first one, step by step: [tutorial](tutorial/first-mapping.md).

Files are JSON, or YAML by the name \`.yaml\`; all of a folder are read in the order of their names. \`when\` and \`\${{ }}\` are [CEL](https://cel.dev) over \`event\`, \`data\`,
\`steps.<id>\` and \`incident\`, checked against schemas when they are loaded. An expression has 2,000 characters, 4 of \`all\`, \`exists\`, \`map\` and \`filter\` (2 deep, 1,000 items each), and
half a second; \`matches\` is RE2. \`default(x, y)\` is y where x is absent. In \`labels\` and \`annotations\` an absent name reads as \`''\`.

${sections.join('\n')}`;
}
