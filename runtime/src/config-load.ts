import { readFileSync } from 'node:fs';
import { parseDocument } from 'yaml';
import { type Config, type ConfigKinds, parseConfig } from './config.js';
import { asError, RouterError } from './errors.js';

export interface LoadOptions extends ConfigKinds {
  /** YAML or JSON. Absent: SRE_ROUTER_CONFIG, else defaults only. Paths in it are relative to the working directory. */
  readonly file?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Dotted path → value, e.g. { 'http.port': 9090 }; undefined values are not set. */
  readonly flags: Readonly<Record<string, unknown>>;
}

const PREFIX = 'SRE_ROUTER_';
/** Read by the command line itself, not settings. */
const RESERVED = new Set(['CONFIG', 'URL', 'TOKEN_FILE']);
/** Kubernetes gives every pod variables for every Service of its namespace; one named sre-router would otherwise look like settings. */
const SERVICE_LINK = /(^|_)(SERVICE_(HOST|PORT)(_[A-Z0-9_]+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$/;

type Tree = { [key: string]: unknown };

const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null && !Array.isArray(value);

function set(tree: Tree, path: readonly string[], value: unknown): void {
  const [head, ...rest] = path;
  if (head === undefined) return;
  if (rest.length === 0) {
    Object.defineProperty(tree, head, { value, enumerable: true, configurable: true, writable: true });
    return;
  }
  const below = Object.hasOwn(tree, head) ? tree[head] : undefined;
  const next: Tree = isTree(below) ? below : {};
  set(next, rest, value);
  Object.defineProperty(tree, head, { value: next, enumerable: true, configurable: true, writable: true });
}

/** HTTP__PORT → http.port; LOG__RETENTION; DESTINATIONS__MY_JIRA__TOKEN_FILE → the destination written my-jira or my_jira, else myJira. */
function envPath(name: string, tree: Tree): string[] {
  let at: unknown = tree;
  return name.split('__').map((segment) => {
    const plain = segment.toLowerCase().replaceAll('_', '');
    const existing = isTree(at) ? Object.keys(at).find((key) => key.toLowerCase().replace(/[^a-z0-9]/g, '') === plain) : undefined;
    const key = existing ?? segment.toLowerCase().replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
    at = isTree(at) ? at[key] : undefined;
    return key;
  });
}

/** "8080" → 8080, "true" → true, "[a, b]" → a list; what is no YAML is text. */
function envValue(text: string): unknown {
  const document = parseDocument(text);
  return document.errors.length > 0 || text === '' ? text : document.toJS();
}

function applyEnv(tree: Tree, env: LoadOptions['env']): void {
  for (const [variable, text] of Object.entries(env).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const name = variable.slice(PREFIX.length);
    if (text === undefined || !variable.startsWith(PREFIX) || RESERVED.has(name)) continue;
    if (!name.includes('__') && SERVICE_LINK.test(name)) continue;
    set(tree, envPath(name, tree), envValue(text));
  }
}

function readTree(file: string): Tree {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (thrown) {
    throw new RouterError('CONFIG_INVALID', `${file} cannot be read (${asError(thrown).message}); give the file with --config`, {
      cause: thrown,
    });
  }
  const document = parseDocument(text);
  const first = document.errors[0];
  if (first) throw new RouterError('CONFIG_INVALID', `${file} is neither YAML nor JSON: ${first.message}`);
  const value: unknown = document.toJS() ?? {};
  if (!isTree(value)) throw new RouterError('CONFIG_INVALID', `${file}: expected an object with keys such as http, log, destinations`);
  return value;
}

/**
 * The file, then `SRE_ROUTER_<SECTION>__<KEY>`, then flags, in rising order; then checked as a whole.
 * @throws RouterError CONFIG_INVALID: unreadable file, broken YAML, or every problem with its path.
 */
export function loadConfig({ file, env, flags, ...kinds }: LoadOptions): Config {
  const from = file ?? env[`${PREFIX}CONFIG`];
  const tree = from === undefined ? {} : readTree(from);
  applyEnv(tree, env);
  for (const [path, value] of Object.entries(flags)) if (value !== undefined) set(tree, path.split('.'), value);
  return parseConfig(
    tree,
    kinds,
    from === undefined ? 'the configuration (environment and flags; no file)' : `the configuration (${from}, environment, flags)`,
  );
}
