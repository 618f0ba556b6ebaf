import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { freePort, Processes } from '#test/support/processes.js';

// Real processes, on machines that have other things to do.
jest.setTimeout(120_000);

let processes: Processes;
beforeEach(() => {
  processes = new Processes();
});
afterEach(() => processes.close());

const HOOK = pathToFileURL(new URL('../../../test/dist/dcr/loaded-modules.js', import.meta.url).pathname).href;

/** Packages and rooms that a command loads until it ends. */
async function loadedBy(script: string, args: readonly string[]): Promise<{ packages: string[]; own: string[] }> {
  const file = join(processes.dir, 'loaded');
  const child = processes.start(script, args, { NODE_OPTIONS: `--import=${HOOK}`, LOADED_MODULES: file });
  if (!child.exited) await new Promise((resolve) => child.process.once('close', resolve));
  const urls = readFileSync(file, 'utf8').split('\n');
  const packages = urls.flatMap((url) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1] ?? []);
  return { packages: [...new Set(packages)], own: urls.flatMap((url) => /runtime\/dist\/(.*)$/.exec(url)?.[1] ?? []) };
}

test('a probe loads the command line and node:net, and nothing that other commands need', async () => {
  const { packages, own } = await loadedBy('runtime/bin/dcrctl.js', ['probe', '--mode', 'live', '--port', String(await freePort())]);
  expect(own).toContain('dcr/probe-node.js');
  expect(packages).toContain('yargs');
  for (const heavy of ['undici', 'zod', 'yaml', 'aws4fetch']) expect(packages).not.toContain(heavy);
});

test('sre-router loads nothing of dcrctl, and no signer', async () => {
  const { packages, own } = await loadedBy('runtime/bin/sre-router.js', [
    'check',
    '--mappings',
    new URL('../../../mappings', import.meta.url).pathname,
  ]);
  expect(own).toContain('mapper/check.js');
  expect(own.filter((file) => file.startsWith('dcr'))).toEqual([]);
  expect(packages).not.toContain('aws4fetch');
});

test('dcrctl loads nothing of the workflow, the mapper or the log', async () => {
  const { own } = await loadedBy('runtime/bin/dcrctl.js', [
    'wait',
    '--phase',
    'cache-written',
    '--run-id',
    'r-1',
    '--node-host',
    '127.0.0.1',
    '--s3-region',
    'x',
    '--s3-bucket',
    'b',
    '--timeout',
    '1ms',
  ]);
  expect(own).toContain('dcr/s3-client.js');
  expect(own.filter((file) => /^(workflow|mapper|log|manager|http|view|serve|pipeline)/.test(file))).toEqual([]);
});
