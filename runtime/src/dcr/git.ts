import { spawn } from 'node:child_process';
import { chmodSync, copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { redactText } from '../redact.js';
import { DcrError } from './dcr-error.js';

/** One git command, the transfer included. Chart repositories are small; a stalled connection is noticed by this. */
const TIMEOUT_MS = 120_000;
const MAX_OUTPUT_BYTES = 16_777_216;
const MAX_ERROR_CHARACTERS = 600;

export interface GitSettings {
  /** ssh, file or https without credentials. */
  readonly url: string;
  readonly branch: string;
  readonly userName: string;
  readonly userEmail: string;
  /** Copied to the work folder with mode 0600, since ssh refuses keys that others can read and mounted secrets often are. */
  readonly sshKeyFile: string | undefined;
  /** Required with a key: a host that is not in it is refused, never trusted at first sight. */
  readonly knownHostsFile: string | undefined;
  /** Where the clone lives while the command runs: the one writable folder needed (an emptyDir). */
  readonly workDir: string;
}

export interface GitResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A bare clone in a folder of its own, and git with nothing but our configuration. `close` removes the folder. */
export class Git {
  readonly dir: string;
  readonly settings: GitSettings;
  readonly #env: NodeJS.ProcessEnv;

  constructor(settings: GitSettings, env: NodeJS.ProcessEnv) {
    this.settings = settings;
    this.dir = mkdtempSync(join(settings.workDir, 'dcrctl-git-'));
    this.#env = {
      PATH: env.PATH,
      HOME: this.dir,
      LANG: 'C',
      LC_ALL: 'C',
      GIT_DIR: join(this.dir, 'clone.git'),
      GIT_INDEX_FILE: join(this.dir, 'index'),
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_TERMINAL_PROMPT: '0',
      GIT_AUTHOR_NAME: settings.userName,
      GIT_AUTHOR_EMAIL: settings.userEmail,
      GIT_COMMITTER_NAME: settings.userName,
      GIT_COMMITTER_EMAIL: settings.userEmail,
      GIT_SSH_COMMAND: this.#sshCommand(),
    };
  }

  #sshCommand(): string {
    const { sshKeyFile, knownHostsFile } = this.settings;
    const options = ['BatchMode=yes', 'ConnectTimeout=15', 'ServerAliveInterval=15', 'ServerAliveCountMax=3', 'StrictHostKeyChecking=yes'];
    if (knownHostsFile !== undefined) options.push(`UserKnownHostsFile=${knownHostsFile}`, 'GlobalKnownHostsFile=/dev/null');
    if (sshKeyFile === undefined) return ['ssh', ...options.map(asOption)].join(' ');
    const key = join(this.dir, 'ssh-key');
    copyFileSync(sshKeyFile, key);
    chmodSync(key, 0o600);
    return ['ssh', '-F', '/dev/null', '-i', quoted(key), ...[...options, 'IdentitiesOnly=yes'].map(asOption)].join(' ');
  }

  /** Runs it and returns whatever came of it. */
  async try(args: readonly string[], input?: string): Promise<GitResult> {
    return await new Promise<GitResult>((resolve, reject) => {
      // A group of its own, so that ssh and git's helpers end with it.
      const child = spawn('git', [...args], { cwd: this.dir, env: this.#env, stdio: ['pipe', 'pipe', 'pipe'], detached: true });
      const out: Buffer[] = [];
      let size = 0;
      let stderr = '';
      let why = '';
      const end = (reason: string): void => {
        why ||= reason;
        killGroup(child.pid);
      };
      const timer = setTimeout(() => end(`no end within ${TIMEOUT_MS / 1000} s`), TIMEOUT_MS);
      child.stdout.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > MAX_OUTPUT_BYTES) end(`more than ${MAX_OUTPUT_BYTES} bytes of output`);
        else out.push(chunk);
      });
      child.stderr.on('data', (chunk: Buffer) => {
        stderr = (stderr + chunk.toString()).slice(-10 * MAX_ERROR_CHARACTERS);
      });
      child.stdin.on('error', () => undefined);
      child.once('error', (error) => {
        clearTimeout(timer);
        reject(new DcrError('USAGE', `git cannot be started: ${error.message}. It must be in PATH.`, error));
      });
      child.once('close', (code) => {
        clearTimeout(timer);
        resolve({ code: code ?? 128, stdout: Buffer.concat(out).toString('utf8'), stderr: why === '' ? stderr : `${stderr}\n${why}` });
      });
      child.stdin.end(input ?? '');
    });
  }

  /** Runs it; its output without the last newline. @throws DcrError REFUSED or UNREACHABLE with git's own words. */
  async run(args: readonly string[], input?: string): Promise<string> {
    const result = await this.try(args, input);
    if (result.code === 0) return result.stdout.replace(/\n$/, '');
    throw gitError(`git ${args[0]}`, this.settings, result);
  }

  close(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** What does not get better by itself. There is nothing but git's words to tell it by. */
const DENIED =
  /permission denied|authentication failed|could not read (username|password)|host key verification failed|access denied|not authorized|no user exists for uid|couldn't find remote ref|hook declined|protected branch|deny updating/i;
/** A wrong address, or a server whose disk is away for a moment. */
const NOT_FOUND = /does not exist|does not appear to be a git repository|repository .*not found/i;

/** @returns REFUSED or UNREACHABLE, with git's own words. */
export function gitError(what: string, settings: GitSettings, { stderr, code }: GitResult): DcrError {
  const said = redactText(stderr.replaceAll('\r', '').trim().slice(-MAX_ERROR_CHARACTERS));
  const isDenied = DENIED.test(stderr) && !NOT_FOUND.test(stderr);
  const next = isDenied || NOT_FOUND.test(stderr) ? ' Check --git-url, --git-branch, the key and its right to push.' : '';
  return new DcrError(
    isDenied ? 'REFUSED' : 'UNREACHABLE',
    `${what} (${redactText(settings.url)}, ${settings.branch}) ended with ${code}: ${said}${next}`,
  );
}

function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
const asOption = (option: string): string => `-o ${quoted(option)}`;
