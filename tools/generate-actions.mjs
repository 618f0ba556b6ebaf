import { z } from 'zod';

/** docs/actions.md, from the registry: what is said there of settling is what the code answers for a destination that is set up so. */

const EXAMPLE = { baseUrl: 'https://example.com/', tokenFile: 'token', email: 'bot@example.com' };
const KEYED = { idempotency: { header: 'Idempotency-Key' } };
const TOOLS = { secret: () => '', hide: () => undefined, transport: undefined, userAgent: '', nowMs: () => 0 };

const units = [
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
];
function duration(ms) {
  const parts = [];
  let left = ms;
  for (const [unit, size] of units) {
    if (left >= size) parts.push(`${Math.floor(left / size)} ${unit}`);
    left %= size;
  }
  return parts.join(' ') || `${ms} ms`;
}

const inputOf = (schema, io) => z.toJSONSchema(schema, { io, unrepresentable: 'any' });

function typeOf(node, root) {
  if (node.$ref) return node.$ref === '#' ? 'any JSON' : typeOf(root.$defs?.[node.$ref.split('/').at(-1)] ?? {}, root, node);
  if (node.enum) return node.enum.map((value) => `\`${value}\``).join(', ');
  const shapes = node.anyOf ?? node.oneOf;
  if (shapes) return shapes.length > 3 ? 'any JSON' : [...new Set(shapes.map((shape) => typeOf(shape, root)))].join(' or ');
  if (node.type === 'array') return `list of ${typeOf(node.items ?? {}, root)}`;
  if (node.type === 'object' && node.properties) {
    const names = Object.keys(node.properties).map((name) => (node.required?.includes(name) ? name : `${name}?`));
    return `{ ${names.join(', ')} }`;
  }
  return node.type === 'string' ? 'text' : (node.type ?? 'any JSON');
}

const cell = (text) => String(text).replaceAll('|', '\\|');

function fields(schema, io) {
  const root = inputOf(schema, io);
  const rows = Object.entries(root.properties ?? {}).map(([name, node]) => {
    const fallback = node.default === undefined ? (root.required?.includes(name) ? 'required' : '') : `\`${JSON.stringify(node.default)}\``;
    const { description = '' } = node;
    return io === 'input'
      ? `| \`${name}\` | ${cell(typeOf(node, root))} | ${fallback} | ${cell(description)} |`
      : `| \`${name}\` | ${cell(typeOf(node, root))} |`;
  });
  return io === 'input'
    ? `| input | type | default | meaning |\n|---|---|---|---|\n${rows.join('\n')}`
    : `| output | type |\n|---|---|\n${rows.join('\n')}`;
}

function told(settlement) {
  if (settlement.by === 'probe')
    return `looked up, not sooner than ${duration(settlement.settleMs)} after the last call; sent again only if it is certainly not there`;
  if (settlement.by === 'person') return `\`ambiguous\`, a person decides: ${settlement.why}`;
  return settlement.forMs === undefined
    ? 'sent again'
    : `sent again under the same key, for ${duration(settlement.forMs)} after the first call`;
}

/** How an unknown outcome is settled, for each way in which that can differ. */
function settling(action, kind) {
  const takesKey = 'idempotency' in (inputOf(kind.config, 'input').properties ?? {});
  const { method } = inputOf(action.input, 'input').properties ?? {};
  const rows = new Map();
  for (const [setting, words] of takesKey
    ? [
        [KEYED, 'with `idempotency`'],
        [{}, 'without `idempotency`'],
      ]
    : [[{}, '']]) {
    const known = Object.keys(inputOf(kind.config, 'input').properties);
    const given = Object.fromEntries(Object.entries({ ...EXAMPLE, ...setting }).filter(([name]) => known.includes(name)));
    const client = kind.open('example', kind.config.parse(given), TOOLS);
    for (const verb of method?.enum ?? ['']) {
      const sentence = told(action.settlement(client, { method: verb })).replace(new RegExp(`: ${verb} cannot`), ': it cannot');
      const when = rows.get(sentence) ?? { words: new Set(), verbs: new Set() };
      rows.set(sentence, when);
      when.words.add(words);
      if (verb !== '') when.verbs.add(verb);
    }
  }
  return [...rows]
    .map(([sentence, { words, verbs }]) => {
      const when = [[...verbs].join(', '), words.size === 1 ? [...words][0] : ''].filter((part) => part !== '').join(' ');
      return `* ${when === '' ? '' : `${when}: `}${sentence}${sentence.endsWith('.') ? '' : '.'}`;
    })
    .join('\n');
}

function budget(action, { defaultBudget }) {
  const counted =
    defaultBudget === undefined
      ? 'None unless the destination has one.'
      : `${defaultBudget.perSecond} call a second and ${defaultBudget.per} unless the destination says otherwise.`;
  return action.digestChannel === undefined
    ? counted
    : `${counted} What would wait longer than 10 s becomes a row of the channel's digest, unless the route is \`critical\`.`;
}

export function actionsDoc({ ACTIONS, DESTINATION_KINDS }) {
  const shown = Object.values(ACTIONS).filter(({ name }) => name !== 'slack.digest');
  const sections = shown.map((action) => {
    const kind = DESTINATION_KINDS[action.kind];
    const destination =
      action.kind === 'http'
        ? 'The step must name one, of kind `http`.'
        : `Kind \`${action.kind}\`; the one named \`${action.kind}\` if the step names none.`;
    return `## ${action.name}

${action.summary}

**Destination.** ${destination}

${fields(action.input, 'input')}

${fields(action.output, 'output')}

**Delivery guarantees.** ${action.delivery}

**An unknown outcome** (a time-out, a lost or malformed answer, a 5xx, a crash between \`intent\` and \`done\`) is settled so, with the defaults of the destination:

${settling(action, kind)}

**Budget.** ${budget(action, kind)}
`;
  });
  return `# Actions

Generated from \`runtime/src/workflow/actions/\`. What destinations need (scopes, permissions, the shape of the SRE API) stands in [destinations.md](destinations.md), their settings in
[configuration.md](configuration.md).

One call of an action is one request at its target (\`jira.transition\`: two that only read, and one). A *known* failure certainly did nothing: a connection that was not made, a
4xx, a 429. It is tried again as the step's \`retry\` says, if it can ever work. A call that only reads fails in no other way. Anything else that goes wrong is *unknown*, and
is settled before anything is sent again; what is still unknown after \`retry.maxAge\` (24 h by default) is \`ambiguous\`, and a person decides.

${sections.join('\n')}`;
}
