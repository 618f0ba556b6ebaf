import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { docBlocks, docPages, isShown, printed } from '#test/support/doc-commands.js';
import { freePort } from '#test/support/processes.js';

const ROOT = new URL('../../', import.meta.url).pathname;
const pages = docPages(ROOT).map((page) => ({ page, blocks: docBlocks(readFileSync(join(ROOT, page), 'utf8')) }));
const DEFAULT_PORT = /\b8080\b/g;
const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A folder that looks like a clone, in which commands may write; `npx` starts what was built here. */
function clone(): { dir: string; bin: string } {
  const top = mkdtempSync(join(tmpdir(), 'sre-router-docs-'));
  folders.push(top);
  const [dir, bin] = [join(top, 'clone'), join(top, 'bin')];
  for (const folder of [dir, bin]) mkdirSync(folder);
  for (const name of readdirSync(ROOT))
    if (name === 'mappings') cpSync(join(ROOT, name), join(dir, name), { recursive: true });
    else if (!name.startsWith('.') && name !== 'build') symlinkSync(join(ROOT, name), join(dir, name));
  const npx = `#!/bin/sh
[ "$1" = -p ] && shift 2
name=$1; shift
case $name in sre-router|dcrctl) exec "${process.execPath}" "${ROOT}runtime/bin/$name.js" "$@";; esac
echo "npx $name: no command of this repository" >&2; exit 127
`;
  writeFileSync(join(bin, 'npx'), npx);
  chmodSync(join(bin, 'npx'), 0o755);
  return { dir, bin };
}

/** One shell for a whole page, as a reader would have it. Whatever it leaves running is ended with it. */
async function runPage(blocks: readonly string[]): Promise<{ code: number | null; output: string }> {
  const { dir, bin } = clone();
  const port = String(await freePort());
  const script = ['set -euo pipefail', "trap 'kill $(jobs -p) 2> /dev/null || true' EXIT", ...blocks]
    .join('\n')
    .replaceAll(DEFAULT_PORT, port);
  const shell = spawn('bash', ['-c', script], {
    cwd: dir,
    detached: true,
    env: { PATH: `${bin}:${process.env.PATH}`, HOME: dir, SRE_ROUTER_URL: `http://127.0.0.1:${port}`, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [shell.stdout, shell.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [code] = (await once(shell, 'close')) as [number | null];
  return { code, output: output.replaceAll(port, '8080') };
}

test('every command that a page does not run itself names the test that shows it', () => {
  const marked = pages.flatMap(({ page, blocks }) =>
    blocks.flatMap(({ shownBy, line }) => (shownBy === undefined ? [] : [{ page, line, shownBy }])),
  );
  expect(marked.length).toBeGreaterThan(0);
  expect(marked.filter(({ shownBy }) => !isShown(ROOT, shownBy))).toEqual([]);
});

test.each(pages.filter(({ blocks }) => blocks.some(({ shownBy }) => shownBy === undefined)))(
  'the commands of $page work as they stand, and print what it says',
  async ({ blocks }) => {
    const own = blocks.filter(({ shownBy }) => shownBy === undefined);
    const { code, output } = await runPage(own.map(({ text }) => text));
    expect({ code, output }).toEqual({ code: 0, output });
    for (const line of own.flatMap(({ prints }) => prints)) expect(output).toMatch(printed(line));
  },
  120_000,
);

test('no page has commands that this test does not see', () => {
  const unseen = docPages(ROOT).filter((page) => /^ *```(bash|shell|console|zsh)\b/m.test(readFileSync(join(ROOT, page), 'utf8')));
  expect(unseen).toEqual([]);
});
