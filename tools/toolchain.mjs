import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { makeImageBase } from './image-base.mjs';
import { buildKubernetes, KUBERNETES_FILES, KUBERNETES_VERSION, politely } from './kubernetes.mjs';
import { ask, npm, run, say } from './run.mjs';

/** Per user, shared by all clones; a folder a tool and version. Delete it at will. */
const CACHE = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'sre-router-tools');
const GO_HINT = 'install Go 1.24 or newer (https://go.dev/dl)';

/** A Helm of one major version, built from its module: what Argo CD ships is a 3 or a 4, by version. */
const helm = (major, version) => ({
  version,
  files: ['helm'],
  env: { [`HELM${major}_BIN`]: 'helm' },
  needs: ['go', 'version'],
  get: `${GO_HINT}; it builds Helm ${major} in a minute or two, once`,
  install: (folder) =>
    run('go', ['install', `helm.sh/helm/v${major}/cmd/helm@v${version}`], {
      cwd: folder,
      env: { GOBIN: folder, GOFLAGS: '-mod=mod', CGO_ENABLED: '0' },
    }),
});

/** A program of a Go module, of one file. */
const goProgram = (module, version, command, { minutes, tags = [] }) => {
  const name = command.split('/').at(-1);
  return {
    version,
    files: [name],
    env: { [`${name.toUpperCase()}_BIN`]: name },
    needs: ['go', 'version'],
    get: `${GO_HINT}; it builds ${name} in ${minutes}, once`,
    install: (folder) =>
      run(
        'go',
        ['install', '-trimpath', '-ldflags', '-s -w', ...tags.flatMap((tag) => ['-tags', tag]), `${module}/${command}@v${version}`],
        {
          cwd: folder,
          env: { GOBIN: folder, GOFLAGS: '-mod=mod', CGO_ENABLED: '0' },
        },
      ),
  };
};
const NODE_PACKAGE = `node-${process.platform}-${process.arch}`;
const NODE_LTS = '24.21.0';
const VERDACCIO = '6.10.4';
const NO_EXTRAS = ['--no-save', '--no-audit', '--no-fund', '--no-package-lock'];

/** Kafka's own jars, named by a pom of ours. */
const kafka = (version) => ({
  version,
  files: [`jars/kafka_2.13-${version}.jar`],
  env: { [`KAFKA_${version.replaceAll('.', '_')}_JARS`]: 'jars' },
  needs: ['mvn', '--version'],
  get: 'install a JDK 17 or newer and Maven 3.8 or newer; it fetches 60 MB, once',
  install: (folder) =>
    run(
      'mvn',
      [
        '-q',
        '-B',
        '-f',
        join(ROOT, 'tools', 'kafka', version, 'pom.xml'),
        'dependency:copy-dependencies',
        `-DoutputDirectory=${join(folder, 'jars')}`,
      ],
      {
        cwd: folder,
      },
    ),
});

/** How each test tool comes. `env`: where tests find it. `install(folder)` resolves with an exit code. */
const TOOLS = {
  alertmanager: {
    version: '0.28.1',
    files: ['alertmanager', 'amtool'],
    env: { ALERTMANAGER_BIN: 'alertmanager', AMTOOL_BIN: 'amtool' },
    needs: ['go', 'version'],
    get: 'install Go 1.23 or newer (https://go.dev/dl); it builds Alertmanager in half a minute, once',
    install: (folder) =>
      run('go', ['install', ...['alertmanager', 'amtool'].map((name) => `github.com/prometheus/alertmanager/cmd/${name}@v0.28.1`)], {
        cwd: folder,
        env: { GOBIN: folder, GOFLAGS: '-mod=mod', CGO_ENABLED: '0' },
      }),
  },
  coredns: {
    version: '1.15.0',
    files: ['coredns'],
    env: { COREDNS_BIN: 'coredns' },
    needs: ['go', 'version'],
    get: `${GO_HINT}; it builds CoreDNS in two minutes, once`,
    install: (folder) =>
      politely('go', ['install', '-trimpath', '-ldflags', '-s -w', 'github.com/coredns/coredns@v1.15.0'], {
        cwd: folder,
        env: { GOBIN: folder, GOFLAGS: '-mod=mod', CGO_ENABLED: '0' },
      }),
  },
  /** The Lua that Argo CD runs health checks with. */
  glua: goProgram('github.com/yuin/gopher-lua', '1.1.2', 'cmd/glua', { minutes: 'half a minute' }),
  'kafka-3.9.1': kafka('3.9.1'),
  'kafka-4.1.0': kafka('4.1.0'),
  helm3: helm(3, '3.22.0'),
  helm4: helm(4, '4.2.4'),
  kubernetes: {
    version: KUBERNETES_VERSION,
    files: KUBERNETES_FILES,
    env: Object.fromEntries(KUBERNETES_FILES.map((name) => [`${name.toUpperCase().replaceAll('-', '_')}_BIN`, name])),
    /** Where such programs may be already; taken whole or not at all, since their versions belong together. */
    folder: process.env.KUBEBUILDER_ASSETS,
    needs: ['go', 'version'],
    get: `${GO_HINT}, which builds etcd and Kubernetes in some minutes, once; or set KUBEBUILDER_ASSETS to a folder with ${KUBERNETES_FILES.join(', ')}`,
    install: buildKubernetes,
  },
  'node-lts': {
    version: NODE_LTS,
    files: [`node_modules/${NODE_PACKAGE}/bin/node`],
    env: { NODE_LTS_BIN: `node_modules/${NODE_PACKAGE}/bin/node` },
    needs: [process.execPath, '--version'],
    get: `needs the npm package ${NODE_PACKAGE}, which exists for common platforms`,
    install: (folder) => npm(['install', '--prefix', folder, ...NO_EXTRAS, `${NODE_PACKAGE}@${NODE_LTS}`], { cwd: folder }),
  },
  verdaccio: {
    version: VERDACCIO,
    files: ['node_modules/verdaccio/bin/verdaccio'],
    env: { VERDACCIO_SCRIPT: 'node_modules/verdaccio/bin/verdaccio' },
    needs: ['npm', '--version'],
    get: 'needs the npm package verdaccio',
    install(folder) {
      // One of its parts asks for a tag of node-fetch that is no more.
      const wanted = { private: true, dependencies: { verdaccio: VERDACCIO }, overrides: { 'node-fetch': '2.7.0' } };
      writeFileSync(join(folder, 'package.json'), JSON.stringify(wanted));
      return npm(['install', '--no-audit', '--no-fund', '--no-package-lock', '--ignore-scripts', '--loglevel=error'], { cwd: folder });
    },
  },
  'oci-registry': {
    version: '0.20.6',
    files: ['registry'],
    env: { OCI_REGISTRY_BIN: 'registry' },
    needs: ['go', 'version'],
    get: `${GO_HINT}; it builds a registry of images in seconds, once`,
    install: (folder) =>
      run('go', ['install', 'github.com/google/go-containerregistry/cmd/registry@v0.20.6'], {
        cwd: folder,
        env: { GOBIN: folder, GOFLAGS: '-mod=mod', CGO_ENABLED: '0' },
      }),
  },
  /** Checks and tests alerting rules. Service discovery, most of what it is built from, is left out: rules need none. */
  promtool: goProgram('github.com/prometheus/prometheus', '0.316.0', 'cmd/promtool', { minutes: 'some minutes', tags: ['remove_all_sd'] }),
  'image-base': {
    version: `bookworm-${NODE_LTS}`,
    files: ['store'],
    env: { IMAGE_STORE: 'store' },
    needs: ['sh', '-c', 'test "$(id -u)" = 0 && command -v buildah && command -v runc && command -v debootstrap'],
    get: 'on Debian, as root: apt-get install buildah runc debootstrap; it makes the base image in two minutes, once',
    install: (folder) => makeImageBase(folder, { nodePackage: NODE_PACKAGE, nodeVersion: NODE_LTS }),
  },
};

/**
 * Makes the tool available, building it into the cache the first time.
 * Resolves with `{ env }` for the tests, or with `{ missing }`: what to do to get it.
 */
export async function provide(name) {
  const tool = TOOLS[name];
  const home = join(CACHE, `${name}-${tool.version}`);
  const envIn = (folder) => Object.fromEntries(Object.entries(tool.env).map(([variable, file]) => [variable, join(folder, file)]));
  const env = envIn(home);
  const complete = (folder) => tool.files.every((file) => existsSync(join(folder, file)));
  if (tool.folder && complete(tool.folder)) return { env: envIn(tool.folder) };
  if (tool.folder) say(`${tool.folder} lacks ${tool.files.filter((file) => !existsSync(join(tool.folder, file))).join(', ')}: not used.`);
  if (complete(home)) return { env };
  if ((await ask(tool.needs[0], tool.needs.slice(1))) === undefined) return { missing: `${name} ${tool.version}: ${tool.get}` };
  mkdirSync(CACHE, { recursive: true });
  const work = mkdtempSync(join(CACHE, `.${name}-`));
  const startedMs = Date.now();
  say(`Getting ${name} ${tool.version} into ${home} (once)…`);
  const progress = setInterval(() => say(`  …still getting ${name}, ${Math.round((Date.now() - startedMs) / 1000)} s`), 10_000);
  try {
    const code = await tool.install(work);
    if (code !== 0 || !complete(work))
      return { missing: `${name} ${tool.version}: could not be built or fetched (messages above); ${tool.get}` };
    // Another clone may have been faster; whole folders only, so either is complete.
    if (!complete(home)) {
      rmSync(home, { recursive: true, force: true });
      renameSync(work, home);
    }
    say(`  ${name} ${tool.version} is there after ${Math.round((Date.now() - startedMs) / 1000)} s`);
    return { env };
  } finally {
    clearInterval(progress);
    rmSync(work, { recursive: true, force: true });
  }
}
