/**
 * The tiers of `npm test`, cheapest first; a failing tier does not stop the next.
 * `jest`: a path pattern (`not`: patterns left out). `node`: a script with its arguments. `needs`: tools of toolchain.mjs.
 * `variables`: of the environment, without which it cannot run.
 * `minutes`: usual cold time on two cores; a tier is stopped as hung after ten times that. `ciOnly`: runs with CI=true.
 * `in`: folders of its tests; without any of them the tier is named as absent (a failure under REQUIRE=all).
 * `nodeBinary`: the variable that names another Node. `beside`: a script that runs beside the tests (beside.mjs), and the variable that hands them its first line.
 */
const WITH_TOOLS = ['test/alertmanager/'];
const WITH_HELM = ['test/bundle/'];
const CONTROL_PLANE = ['test/control-plane/'];
const PROCESSES = ['test/process/', 'test/crash/'];
const DCR = ['test/dcr/process/', 'test/dcr/workflow/'];
const KAFKA = ['test/log/kafka/', 'test/kafka/'];
const MONITORING = ['test/monitoring/'];
const GITOPS = ['test/gitops/'];
const SHIP = ['test/ship/'];
const NOT_UNIT = [...WITH_TOOLS, ...WITH_HELM, ...CONTROL_PLANE, ...PROCESSES, ...DCR, ...KAFKA, ...MONITORING, ...GITOPS, ...SHIP];

export const TIERS = [
  { name: 'style', node: ['node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '.'], needs: [], minutes: 0.1 },
  {
    name: 'arrows',
    node: [
      'node_modules/dependency-cruiser/bin/dependency-cruise.mjs',
      '--config',
      '.dependency-cruiser.cjs',
      'runtime/src',
      'synth',
      'test',
    ],
    needs: [],
    minutes: 0.2,
  },
  { name: 'generated', node: ['tools/generate.mjs', '--check'], needs: [], minutes: 0.1 },
  { name: 'licences', node: ['tools/ship/licences.mjs'], needs: [], minutes: 0.1 },
  { name: 'charts', node: ['synth/dist/main.js', 'synth', '--check'], needs: [], minutes: 0.3 },
  { name: 'unit', jest: 'test/', not: NOT_UNIT, needs: [], minutes: 1 },
  {
    name: 'node-lts',
    jest: 'test/',
    not: NOT_UNIT,
    nodeBinary: 'NODE_LTS_BIN',
    needs: ['node-lts'],
    ciOnly: true,
    minutes: 1,
  },
  { name: 'process', jest: PROCESSES.join('|'), in: ['test/process', 'test/crash'], needs: [], minutes: 2 },
  { name: 'dcr', jest: DCR.join('|'), in: DCR, needs: [], minutes: 4 },
  {
    name: 'simulation',
    node: ['test/dist/simulation/main.js', '--runs', process.env.LONG === '1' ? '20000' : '2000'],
    in: ['test/simulation'],
    needs: [],
    minutes: 1,
  },
  { name: 'bench', node: ['test/dist/bench/main.js', '--smoke'], in: ['test/bench'], needs: [], minutes: 0.5 },
  { name: 'bundle', jest: WITH_HELM.join('|'), in: WITH_HELM, needs: ['helm3', 'helm4'], minutes: 4 },
  { name: 'bundle-bench', node: ['test/dist/bundle/bench.js'], in: WITH_HELM, needs: ['helm3'], minutes: 0.5 },
  {
    name: 'control-plane',
    jest: CONTROL_PLANE.join('|'),
    in: CONTROL_PLANE,
    needs: ['kubernetes', 'coredns', 'helm3', 'helm4'],
    variables: { UPSTREAM_SCHEMAS: "a folder with the CRDs of the charts' kinds" },
    beside: { script: 'test/dist/control-plane/serve.js', variable: 'CONTROL_PLANE' },
    minutes: 4,
  },
  { name: 'monitoring', jest: MONITORING.join('|'), in: MONITORING, needs: ['promtool', 'alertmanager'], minutes: 4 },
  { name: 'gitops', jest: GITOPS.join('|'), in: GITOPS, needs: ['glua'], minutes: 0.2 },
  { name: 'kafka', jest: KAFKA.join('|'), in: KAFKA, needs: ['kafka-3.9.1', 'kafka-4.1.0'], minutes: 6 },
  { name: 'alertmanager', jest: WITH_TOOLS.join('|'), in: ['test/alertmanager'], needs: ['alertmanager'], minutes: 2 },
  { name: 'ship', jest: SHIP.join('|'), in: SHIP, needs: ['node-lts', 'verdaccio', 'image-base', 'oci-registry', 'helm3'], minutes: 4 },
];
