import { execFileSync } from 'node:child_process';

interface Commit {
  readonly commit: string;
  readonly author: string;
  readonly date: string;
  readonly subject: string;
}

/** Reads a git repository by git's own command; `root` is a folder in its work tree, and paths are from there. */
export class Git {
  constructor(readonly root: string) {}

  /** Path → text of the files below a folder at a commit that match. Throws when there is no such commit. */
  filesAt(ref: string, folder: string, wanted: RegExp): Map<string, string> {
    const listed = this.#run(['ls-tree', '-r', '-z', '--end-of-options', ref, '--', folder]).toString().split('\0').filter(Boolean);
    const blobs = listed.flatMap((line) => {
      const [, id = '', path = ''] = /^\d+ blob (\S+)\t(.*)$/s.exec(line) ?? [];
      return wanted.test(path) ? [{ id, path }] : [];
    });
    if (blobs.length === 0) return new Map();
    // One process for all: each answer is a line with the size, the bytes, and a line break.
    const answers = this.#run(['cat-file', '--batch'], blobs.map(({ id }) => `${id}\n`).join(''));
    let at = 0;
    return new Map(
      blobs.map(({ path }) => {
        const head = answers.indexOf('\n', at);
        const size = Number(answers.toString('utf8', at, head).split(' ')[2]);
        at = head + 1 + size + 1;
        return [path, answers.toString('utf8', head + 1, head + 1 + size)] as const;
      }),
    );
  }

  /** Text of a file at a commit. Throws when it is not there. */
  show(ref: string, file: string): string {
    return this.#run(['show', `${ref}:./${file}`]).toString();
  }

  /** Commits that touched any of the files, newest first. */
  log(files: readonly string[]): Commit[] {
    const lines = this.#run(['log', '--format=%H%x1f%an%x1f%aI%x1f%s', '--', ...files])
      .toString()
      .split('\n')
      .filter(Boolean);
    return lines.map((line) => {
      const [commit = '', author = '', date = '', subject = ''] = line.split('\x1f');
      return { commit, author, date, subject };
    });
  }

  #run(args: readonly string[], input?: string): Buffer {
    return execFileSync('git', ['--no-pager', ...args], {
      cwd: this.root,
      maxBuffer: 1 << 28,
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      ...(input !== undefined && { input }),
    });
  }
}
