import { execFileSync } from 'node:child_process';

/** Reads a git repository by git's own command; `root` is a folder in its work tree. */
export class Git {
  constructor(readonly root: string) {}

  /** Files below a folder at a commit, with paths from `root`. Throws when there is no such commit. */
  files(ref: string, folder: string): string[] {
    return this.#run(['ls-tree', '-r', '--name-only', '-z', ref, '--', folder]).split('\0').filter(Boolean);
  }

  show(ref: string, file: string): string {
    return this.#run(['show', `${ref}:./${file}`]);
  }

  /** Commits that touched any of the files, newest first. */
  log(files: readonly string[]): { readonly commit: string; readonly author: string; readonly date: string; readonly subject: string }[] {
    const text = this.#run(['log', '--format=%H%x1f%an%x1f%aI%x1f%s', '--', ...files]);
    return text
      .split('\n')
      .filter(Boolean)
      .map((line) => {
        const [commit = '', author = '', date = '', subject = ''] = line.split('\x1f');
        return { commit, author, date, subject };
      });
  }

  #run(args: readonly string[]): string {
    return execFileSync('git', ['--no-pager', ...args], {
      cwd: this.root,
      encoding: 'utf8',
      maxBuffer: 1 << 28,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }
}
