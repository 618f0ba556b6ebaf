import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { HelmChart } from '#synth/chart.js';
import { main } from '#synth/cli/main.js';
import { exampleChart } from './example/chart.js';

export const EXAMPLE = join(dirname(fileURLToPath(import.meta.url)), 'example');

/** A git repository of one commit with the example chart; `close` removes it. */
export class Repository {
  readonly dir = mkdtempSync(join(tmpdir(), 'sre-router-synth-'));
  charts: readonly HelmChart[] = [exampleChart];
  #day = 1;

  constructor() {
    for (const folder of ['charts', 'docs']) cpSync(join(EXAMPLE, folder), join(this.dir, folder), { recursive: true });
    this.git('init', '--quiet', '--initial-branch=main');
    this.commit('the example', 'Ada');
  }

  /** Runs one command line; what it says is returned with its exit code. */
  async run(...args: string[]): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
    const [out, err]: [string[], string[]] = [[], []];
    const code = await main(args, {
      root: this.dir,
      charts: this.charts,
      say: (text) => out.push(text),
      complain: (text) => err.push(text),
    });
    return { code, out: out.join('\n'), err: err.join('\n') };
  }

  read(file: string): string {
    return readFileSync(join(this.dir, file), 'utf8');
  }

  write(file: string, text: string): void {
    writeFileSync(join(this.dir, file), text);
  }

  edit(file: string, from: string, to: string): void {
    this.write(file, this.read(file).replace(from, to));
  }

  commit(subject: string, author: string): void {
    const date = `2030-01-${String(this.#day++).padStart(2, '0')}T12:00:00+00:00`;
    this.git('add', '--all');
    this.git('-c', `user.name=${author}`, '-c', 'user.email=a@b.c', 'commit', '--quiet', '--allow-empty', `--date=${date}`, '-m', subject);
  }

  git(...args: string[]): string {
    return execFileSync('git', args, {
      cwd: this.dir,
      encoding: 'utf8',
      env: { PATH: process.env.PATH, HOME: this.dir, GIT_CONFIG_NOSYSTEM: '1' },
    });
  }

  close(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}
