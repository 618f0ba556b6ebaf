/** The arrows of the design: leaves know only leaves; rooms know leaves; pipeline joins rooms; serve and cli compose. */
const src = '^runtime/src/';
const leaves = `${src}(event/|incident/|journal/|plan|config|roles|errors|clock|redact)`;
const room = (name, extra = []) => ({
  name: `${name}-imports-leaves-only`,
  severity: 'error',
  from: { path: `${src}${name}/` },
  to: { path: src, pathNot: [`${src}${name}/`, leaves, ...extra] },
});
module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'leaves-know-leaves-only', severity: 'error', from: { path: leaves }, to: { path: src, pathNot: leaves } },
    room('manager'),
    room('mapper'),
    room('workflow'),
    room('log'),
    room('view', [`${src}log/`]),
    room('http', [`${src}view/`]),
    room('dcr'),
    {
      name: 'router-never-loads-dcr',
      comment: 'dcr/ is of dcrctl alone: git, Kubernetes and S3 have no business in the router.',
      severity: 'error',
      from: { path: src, pathNot: [`${src}dcr/`, `${src}dcrctl\\.ts$`] },
      to: { path: [`${src}dcr/`, `${src}dcrctl\\.ts$`, 'node_modules/aws4fetch/'] },
    },
    {
      name: 'dcr-commands-load-lazily',
      comment: 'A probe runs every few seconds: what it does not need is imported when a command runs.',
      severity: 'error',
      from: {
        path: [
          `${src}dcrctl\\.ts$`,
          `${src}dcr/[a-z-]+-command\\.ts$`,
          `${src}dcr/(commands|command|flags|options|settings-wire|state-table)\\.ts$`,
        ],
      },
      to: { path: 'node_modules/(aws4fetch|undici|zod|yaml)/', dynamic: false },
    },
    {
      name: 'actions-never-import-each-other',
      severity: 'error',
      from: { path: `${src}workflow/actions/([^/]+)\\.ts$`, pathNot: 'registry' },
      to: {
        path: `${src}workflow/actions/`,
        pathNot: `${src}workflow/actions/(?:[^/]+-(?:client|check|text|post|ref|sdk)|secret|url-below)\\.ts$`,
      },
    },
    {
      name: 'sdks-have-one-door',
      comment: 'The published package carries an SDK inside its *-sdk module; elsewhere it could not be loaded.',
      severity: 'error',
      from: { path: src, pathNot: `${src}workflow/actions/[^/]+-sdk\\.ts$` },
      to: { path: 'node_modules/(jira\\.js|@slack)/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'sources-never-import-each-other',
      severity: 'error',
      from: { path: `${src}manager/(alertmanager|cloudevents|adhoc|argo)\\.ts$` },
      to: { path: `${src}manager/(alertmanager|cloudevents|adhoc|argo)\\.ts$` },
    },
    { name: 'runtime-knows-no-test', severity: 'error', from: { path: '^runtime/' }, to: { path: '^(test|synth|charts|tools)/' } },
    {
      name: 'synth-knows-schemas-only',
      comment: 'What the charts share with the runtime are the schemas of its files and the words for their problems.',
      severity: 'error',
      from: { path: '^synth/' },
      to: { path: '^(runtime|test)/', pathNot: '^runtime/src/(config-schema|config-problem|mapper/mapping-file)\\.ts$' },
    },
    {
      name: 'compiler-knows-no-commands',
      severity: 'error',
      from: { path: '^synth/(compiler|template|values)/' },
      to: { path: '^synth/(cli|diff)/' },
    },
    { name: 'runtime-knows-no-cdk8s', severity: 'error', from: { path: '^runtime/' }, to: { path: 'cdk8s' } },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '/dist/' },
  },
};
