import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const ENV = {
  PATH: process.env.PATH,
  HOME: '/nonexistent',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_AUTHOR_NAME: 'Ada',
  GIT_AUTHOR_EMAIL: 'ada@example.org',
  GIT_COMMITTER_NAME: 'Ada',
  GIT_COMMITTER_EMAIL: 'ada@example.org',
};

export interface HistoryEntry {
  readonly sha: string;
  readonly subject: string;
  readonly run: string;
  readonly phase: string;
  readonly parents: string;
  readonly author: string;
}

/** A bare repository with one branch, and a person who works in it. */
export class GitRemote {
  /** Of the bare repository. */
  readonly dir: string;
  readonly file = 'charts/dcr/env/prod.yaml';
  readonly #clone: string;

  constructor(parent: string, values: string) {
    const home = mkdtempSync(join(parent, 'git-'));
    this.dir = join(home, 'values.git');
    this.#clone = join(home, 'ada');
    execFileSync('git', ['init', '--quiet', '--bare', '--initial-branch=main', this.dir], { env: ENV });
    execFileSync('git', ['init', '--quiet', '--initial-branch=main', this.#clone], { env: ENV });
    this.#git('remote', 'add', 'origin', this.dir);
    this.#write('README.md', 'values\n');
    this.#write(this.file, values);
    this.#commit('first values');
  }

  get url(): string {
    return `file://${this.dir}`;
  }

  /** A person changes files and pushes, over whatever is there. */
  push(files: Readonly<Record<string, string>>, message: string): string {
    this.#git('fetch', '--quiet', 'origin');
    this.#git('reset', '--quiet', '--hard', 'origin/main');
    for (const [path, text] of Object.entries(files)) this.#write(path, text);
    return this.#commit(message);
  }

  edit(change: (values: string) => string, message: string): string {
    return this.push({ [this.file]: change(this.show()) }, message);
  }

  show(revision = 'main', file = this.file): string {
    return execFileSync('git', ['--git-dir', this.dir, 'show', `${revision}:${file}`], { env: ENV, encoding: 'utf8' });
  }

  get tip(): string {
    return execFileSync('git', ['--git-dir', this.dir, 'rev-parse', 'main'], { env: ENV, encoding: 'utf8' }).trim();
  }

  /** Newest first. */
  history(): HistoryEntry[] {
    const format =
      '%H%x09%s%x09%(trailers:key=DCR-Run,valueonly,separator=)%x09%(trailers:key=DCR-Phase,valueonly,separator=)%x09%P%x09%an';
    const log = execFileSync('git', ['--git-dir', this.dir, 'log', `--format=${format}`, 'main'], { env: ENV, encoding: 'utf8' });
    return log
      .trim()
      .split('\n')
      .map((line) => {
        const [sha = '', subject = '', run = '', phase = '', parents = '', author = ''] = line.split('\t');
        return { sha, subject, run, phase, parents, author };
      });
  }

  /** A hook of the server, a shell script. */
  hook(name: string, script: string): void {
    const path = join(this.dir, 'hooks', name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `#!/bin/sh\n${script}\n`);
    chmodSync(path, 0o755);
  }

  #write(path: string, text: string): void {
    mkdirSync(dirname(join(this.#clone, path)), { recursive: true });
    writeFileSync(join(this.#clone, path), text);
  }

  #commit(message: string): string {
    this.#git('add', '--all');
    this.#git('commit', '--quiet', '--message', message);
    this.#git('push', '--quiet', 'origin', 'HEAD:main');
    return this.#git('rev-parse', 'HEAD').trim();
  }

  #git(...args: readonly string[]): string {
    return execFileSync('git', ['-C', this.#clone, ...args], { env: ENV, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  }
}

/** Values as an environment has them. */
export const VALUES = `# express-7
dcr:
  runId: "" # by the workflow
farmers:
  enabled: false # by the workflow
  replicas: 20 # nights need 40
synchronizer:
  enabled: true
`;
