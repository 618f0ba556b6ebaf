import { DcrError } from './dcr-error.js';
import { type Git, gitError } from './git.js';
import { readValues, type ValuesView } from './values-edit.js';

/** One state of the values file. */
export interface ValuesCommit {
  readonly sha: string;
  /** RFC 3339, of the commit. */
  readonly at: string;
  readonly author: string;
  readonly subject: string;
  /** Of the trailers DCR-Run and DCR-Phase; undefined: set by hand. */
  readonly run: string | undefined;
  readonly phase: string | undefined;
  readonly values: ValuesView;
}

const SHA = /^[0-9a-f]{40}([0-9a-f]{24})?$/;
const FIELD = '\u001f';
const RECORD = '\u001e';

/** The values file in its repository: read at any commit, committed on the tip, pushed without force. */
export class ValuesRepo {
  readonly #git: Git;
  /** Path in the repository. */
  readonly file: string;

  constructor(git: Git, file: string) {
    this.#git = git;
    this.file = file;
  }

  get #ref(): string {
    return `refs/remotes/origin/${this.#git.settings.branch}`;
  }

  /** The tip of the branch as the remote has it now. Clones the first time. */
  async fetch(): Promise<string> {
    await this.#git.run(['init', '--quiet', '--bare', this.#git.dir.concat('/clone.git')]);
    const { url, branch } = this.#git.settings;
    await this.#git.run(['fetch', '--quiet', '--no-tags', '--', url, `+refs/heads/${branch}:${this.#ref}`]);
    return await this.#git.run(['rev-parse', `${this.#ref}^{commit}`]);
  }

  /** @throws DcrError REFUSED when there is no such file at that commit. */
  async read(sha: string): Promise<{ text: string; mode: string }> {
    const entry = /^(\d+) (\w+) ([0-9a-f]+)\t/.exec(await this.#git.run(['ls-tree', sha, '--', this.file]));
    if (entry === null || entry[2] !== 'blob' || entry[1] === '120000')
      throw new DcrError('REFUSED', `${this.file}: no such file at ${sha.slice(0, 12)} of ${this.#git.settings.branch}. Check --git-file.`);
    const result = await this.#git.try(['cat-file', 'blob', entry[3] as string]);
    if (result.code !== 0) throw gitError('git cat-file', this.#git.settings, result);
    return { text: result.stdout, mode: entry[1] as string };
  }

  async valuesAt(sha: string): Promise<ValuesView> {
    return readValues((await this.read(sha)).text, this.file);
  }

  /** A commit on `tip` in which this file alone differs. Nothing is checked out: the clone is bare, and other files are not looked at. */
  async commitOn(tip: string, text: string, mode: string, message: string): Promise<string> {
    const blob = await this.#git.run(['hash-object', '-w', '--stdin'], text);
    await this.#git.run(['read-tree', tip]);
    await this.#git.run(['update-index', '--cacheinfo', `${mode},${blob},${this.file}`]);
    const tree = await this.#git.run(['write-tree']);
    return await this.#git.run(['commit-tree', tree, '-p', tip, '-F', '-'], message);
  }

  /** `moved`: others pushed in between; look again and commit anew. Never forces. @throws DcrError REFUSED or UNREACHABLE. */
  async push(sha: string, options: { dryRun?: boolean } = {}): Promise<'pushed' | 'moved'> {
    const { url, branch } = this.#git.settings;
    const dryRun = options.dryRun === true ? ['--dry-run'] : [];
    const result = await this.#git.try(['push', '--porcelain', ...dryRun, '--', url, `${sha}:refs/heads/${branch}`]);
    if (result.code === 0) return 'pushed';
    const isMoved =
      /^!\t.*\((fetch first|non-fast-forward|stale info)\)/m.test(result.stdout) ||
      /cannot lock ref|failed to update ref|is at [0-9a-f]+ but expected/i.test(result.stdout + result.stderr);
    if (isMoved) return 'moved';
    throw gitError('git push', this.#git.settings, { ...result, stderr: `${result.stderr}\n${result.stdout}` });
  }

  /** Is `ancestor` this commit or one before it? False also when either is not in this branch's history. */
  async contains(sha: string, ancestor: string): Promise<boolean> {
    if (!SHA.test(sha) || !SHA.test(ancestor)) return false;
    if (sha === ancestor) return true;
    return (await this.#git.try(['merge-base', '--is-ancestor', ancestor, sha])).code === 0;
  }

  async has(sha: string): Promise<boolean> {
    return SHA.test(sha) && (await this.#git.try(['cat-file', '-e', `${sha}^{commit}`])).code === 0;
  }

  /** What the file was, newest first: every commit of the branch's own line that changed it, up to the first that `isLast` says is enough. */
  async history(tip: string, max: number, isLast: (commit: ValuesCommit) => boolean = () => false): Promise<ValuesCommit[]> {
    const format = `%H${FIELD}%cI${FIELD}%an${FIELD}%s${FIELD}%(trailers:key=DCR-Run,valueonly,separator=%x2C)${FIELD}%(trailers:key=DCR-Phase,valueonly,separator=%x2C)${RECORD}`;
    const log = await this.#git.run(['log', '--first-parent', `--max-count=${max}`, `--format=${format}`, tip, '--', this.file]);
    const commits: ValuesCommit[] = [];
    for (const record of log.split(RECORD)) {
      const [sha, at, author, subject, run, phase] = record.trim().split(FIELD);
      if (sha === undefined || sha === '') continue;
      // A commit that removed the file, or broke it, is a state without values.
      const values = await this.valuesAt(sha).catch(() => ({
        farmersEnabled: undefined,
        farmersReplicas: undefined,
        synchronizerEnabled: undefined,
        runId: undefined,
      }));
      const commit: ValuesCommit = {
        sha,
        at: at ?? '',
        author: author ?? '',
        subject: subject ?? '',
        run: run || undefined,
        phase: phase || undefined,
        values,
      };
      commits.push(commit);
      if (isLast(commit)) break;
    }
    return commits;
  }
}
