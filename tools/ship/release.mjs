import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { isMain, ROOT, say } from '../run.mjs';

const USAGE = 'node tools/ship/release.mjs patch|minor|major|X.Y.Z [--dry-run]';
const VERSION = /^(\d+)\.(\d+)\.(\d+)$/;

/** The version that comes after `version`: a part of it raised, or the one that is named, which must be higher. Throws with what is wrong. */
export function nextVersion(version, wanted) {
  const parts = VERSION.exec(version)?.slice(1).map(Number);
  if (parts === undefined) throw new Error(`runtime/package.json: expected a version X.Y.Z, received ${version}`);
  const [major, minor, patch] = parts;
  if (wanted === 'major') return `${major + 1}.0.0`;
  if (wanted === 'minor') return `${major}.${minor + 1}.0`;
  if (wanted === 'patch') return `${major}.${minor}.${patch + 1}`;
  const named = VERSION.exec(wanted ?? '')
    ?.slice(1)
    .map(Number);
  if (named === undefined) throw new Error(`expected patch, minor, major or X.Y.Z, received ${wanted ?? 'nothing'}`);
  const at = named.findIndex((part, index) => part !== parts[index]);
  if (at === -1 || named[at] < parts[at]) throw new Error(`${wanted} does not come after ${version}`);
  return wanted;
}

/** CHANGELOG.md with what stood under "Unreleased" under the new version and its day; throws when nothing stood there. */
export function changelogOf(text, version, day) {
  const found = /^## Unreleased\n([\s\S]*?)(?=^## |$(?![\s\S]))/m.exec(text);
  const lines = found?.[1]?.trim() ?? '';
  if (lines === '') throw new Error('CHANGELOG.md has nothing under "## Unreleased": say what changed first');
  return text.replace(found[0], () => `## Unreleased\n\n## ${version} (${day})\n\n${lines}\n\n`).replace(/\n+$/, '\n');
}

const withVersion = (file, change) => {
  const manifest = JSON.parse(readFileSync(file, 'utf8'));
  change(manifest);
  writeFileSync(file, `${JSON.stringify(manifest, null, 2)}\n`);
};

/** Writes the version into everything that carries it; returns the changed files, relative to `root`. */
function writeVersion(root, version, changelog) {
  const set = (manifest) => {
    manifest.version = version;
  };
  withVersion(join(root, 'package.json'), set);
  withVersion(join(root, 'runtime/package.json'), set);
  withVersion(join(root, 'package-lock.json'), (lock) => [lock, lock.packages[''], lock.packages.runtime].forEach(set));
  writeFileSync(join(root, 'CHANGELOG.md'), changelog);
  const folder = join(root, 'charts');
  const charts = existsSync(folder) ? readdirSync(folder).map((name) => `charts/${name}/Chart.yaml`) : [];
  const present = charts.filter((file) => existsSync(join(root, file)));
  for (const file of present) {
    const text = readFileSync(join(root, file), 'utf8');
    writeFileSync(
      join(root, file),
      text.replace(/^(version|appVersion):.*$/gm, (_, name) => `${name}: ${version}`),
    );
  }
  return ['package.json', 'runtime/package.json', 'package-lock.json', 'CHANGELOG.md', ...present];
}

/**
 * One command for a release: version of package, charts and lock, CHANGELOG, a commit and the tag v<version>. Pushes nothing.
 * Exit codes: 0 done; 2 refused, and nothing was changed.
 */
export function release(root, args, day = new Date().toISOString().slice(0, 10)) {
  const git = (...words) => execFileSync('git', words, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
  try {
    const { values, positionals } = parseArgs({ args, options: { 'dry-run': { type: 'boolean' } }, allowPositionals: true });
    const before = JSON.parse(readFileSync(join(root, 'runtime/package.json'), 'utf8')).version;
    const version = nextVersion(before, positionals[0]);
    const changelog = changelogOf(readFileSync(join(root, 'CHANGELOG.md'), 'utf8'), version, day);
    if (git('status', '--porcelain') !== '') throw new Error('the work tree has changes that are not committed');
    if (git('tag', '--list', `v${version}`) !== '') throw new Error(`the tag v${version} is there already`);
    if (values['dry-run']) {
      say(`would make ${version} after ${before}`);
      return 0;
    }
    git('add', '--', ...writeVersion(root, version, changelog));
    git('commit', '--quiet', '-m', `release: ${version}`);
    git('tag', '--annotate', `v${version}`, '-m', `sre-router ${version}`);
    say(`${version} is committed and tagged. Send it: git push --follow-tags`);
    return 0;
  } catch (error) {
    say(`${error.message}\n${USAGE}`);
    return 2;
  }
}

if (isMain(import.meta.url)) process.exitCode = release(ROOT, process.argv.slice(2));
