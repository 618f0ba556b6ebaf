/**
 * The tiers of `npm test`, cheapest first; a failing tier does not stop the next.
 * `jest`: a path pattern (`not`: patterns left out). `node`: a script with its arguments. `needs`: tools of toolchain.mjs.
 * `minutes`: usual cold time on two cores; a tier is stopped as hung after ten times that. `ciOnly`: runs with CI=true.
 * `in`: folders of its tests; without any of them the tier is named as absent (a failure under REQUIRE=all).
 * `nodeBinary`: the variable that names another Node.
 */
const WITH_TOOLS = ['test/alertmanager/'];
const WITH_HELM = ['test/bundle/'];
const PROCESSES = ['test/process/', 'test/crash/'];
const DCR = ['test/dcr/process/'];
const SHIP = ['test/ship/'];
const KAFKA = ['test/log/kafka/', 'test/kafka/'];
const NOT_UNIT = [...WITH_TOOLS, ...WITH_HELM, ...PROCESSES, ...DCR, ...KAFKA, ...SHIP];

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
  { name: 'dcr', jest: DCR.join('|'), in: DCR, needs: [], minutes: 2 },
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
  { name: 'kafka', jest: KAFKA.join('|'), in: KAFKA, needs: ['kafka-3.9.1', 'kafka-4.1.0'], minutes: 4 },
  { name: 'alertmanager', jest: WITH_TOOLS.join('|'), in: ['test/alertmanager'], needs: ['alertmanager'], minutes: 2 },
  { name: 'ship', jest: SHIP.join('|'), in: SHIP, needs: ['node-lts', 'verdaccio', 'image-base', 'oci-registry', 'helm3'], minutes: 4 },
];
