import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort, type Processes, until } from '#test/support/processes.js';

const run = promisify(execFile);

export interface Ran {
  readonly code: number;
  readonly output: string;
}

/** A real package index (verdaccio) on loopback with one user who may publish; other packages come through it from npm's own index. */
export class PackageIndex {
  readonly url: string;
  /** npm's settings for this index: who publishes, a cache that other tests share. */
  readonly env: Readonly<Record<string, string>>;

  private constructor(url: string, userConfig: string) {
    this.url = url;
    this.env = { npm_config_userconfig: userConfig, npm_config_registry: url, npm_config_update_notifier: 'false' };
  }

  static async start(processes: Processes): Promise<PackageIndex> {
    const { VERDACCIO_SCRIPT = '', NODE_LTS_BIN = '' } = process.env;
    const dir = join(processes.dir, 'index');
    mkdirSync(dir);
    const { stdout: upstream } = await run('npm', ['config', 'get', 'registry']);
    const config = {
      storage: join(dir, 'storage'),
      auth: { htpasswd: { file: join(dir, 'htpasswd') } },
      uplinks: { upstream: { url: upstream.trim(), maxage: '1h', timeout: '60s' } },
      packages: { 'sre-router': { access: '$all', publish: '$authenticated' }, '**': { access: '$all', proxy: 'upstream' } },
      log: { type: 'stdout', level: 'warn' },
      web: { enable: false },
    };
    // JSON is YAML.
    const configFile = join(dir, 'config.yaml');
    writeFileSync(configFile, JSON.stringify(config));
    const port = await freePort();
    const url = `http://127.0.0.1:${port}/`;
    const way = Object.entries(process.env).filter(([name]) =>
      /^(https?_proxy|no_proxy|NODE_EXTRA_CA_CERTS|SSL_CERT_(FILE|DIR))$/i.test(name),
    );
    const args = [VERDACCIO_SCRIPT, '--config', configFile, '--listen', `127.0.0.1:${port}`];
    const child = processes.run(NODE_LTS_BIN, args, Object.fromEntries(way) as Record<string, string>);
    await until('the package index', async () => ((await fetch(`${url}-/ping`)).ok ? true : undefined), 60_000, child);
    const user = { name: 'publisher', password: 'of-this-test-only' };
    const answer = await fetch(`${url}-/user/org.couchdb.user:publisher`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(user),
    });
    const { token } = (await answer.json()) as { token: string };
    const userConfig = processes.file('npmrc', `//127.0.0.1:${port}/:_authToken=${token}\n`);
    return new PackageIndex(url, userConfig);
  }
}

/** A command to its end; its code and all that it said. Of the npm that started us it learns nothing. */
export async function ran(
  command: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>>; readonly timeoutMs?: number } = {},
): Promise<Ran> {
  try {
    const { stdout, stderr } = await run(command, [...args], {
      cwd: options.cwd,
      env: { ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name))), ...options.env },
      timeout: options.timeoutMs ?? 120_000,
      maxBuffer: 64 * 1_048_576,
    });
    return { code: 0, output: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr, message } = error as { code?: number; stdout?: string; stderr?: string; message: string };
    return { code: typeof code === 'number' ? code : 127, output: `${stdout ?? ''}${stderr ?? ''}` || message };
  }
}

/** As `ran`; a command that fails fails the test with what it said. */
export async function must(...given: Parameters<typeof ran>): Promise<string> {
  const { code, output } = await ran(...given);
  if (code !== 0) throw new Error(`${given[0]} ${given[1].join(' ')} ended with ${code}:\n${output.slice(-8_000)}`);
  return output;
}
