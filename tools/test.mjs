import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startBeside } from './beside.mjs';
import { prepare } from './prepare.mjs';
import { ROOT, run, say } from './run.mjs';
import { TIERS } from './tiers.mjs';
import { provide } from './toolchain.mjs';

const requireAll = process.env.REQUIRE === 'all';
const scratch = mkdtempSync(join(tmpdir(), 'sre-router-test-'));
const LEAK = /failed to exit gracefully|did not exit one second after/;

/** One tier's result: numbers of tests passed, failed, skipped; a tier that is no jest run counts as one test. */
async function runJest(tier, env, timeoutMs) {
  const report = join(scratch, `${tier.name}.json`);
  const ignored = ['/node_modules/', '/dist/', ...(tier.not ?? [])].flatMap((pattern) => ['--testPathIgnorePatterns', pattern]);
  let leaked = false;
  const code = await run(
    tier.nodeBinary ? env[tier.nodeBinary] : process.execPath,
    [
      '--experimental-vm-modules',
      '--no-warnings',
      'node_modules/jest/bin/jest.js',
      '--maxWorkers=2',
      '--json',
      '--outputFile',
      report,
      ...ignored,
      '--',
      tier.jest,
    ],
    { env: { ...env, ...(process.stderr.isTTY && { FORCE_COLOR: '1' }) }, timeoutMs, watch: (text) => (leaked ||= LEAK.test(text)) },
  );
  if (leaked) say(`${tier.name}: something was left open after the tests; that is a failure.`);
  if (code === 124) say(`${tier.name}: stopped as hung after ${Math.round(timeoutMs / 60_000)} min.`);
  const result = existsSync(report)
    ? JSON.parse(readFileSync(report, 'utf8'))
    : { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, numRuntimeErrorTestSuites: 0 };
  const failed = result.numFailedTests + result.numRuntimeErrorTestSuites + (leaked ? 1 : 0);
  return {
    passed: result.numPassedTests,
    failed: code === 0 ? failed : Math.max(1, failed),
    skipped: result.numPendingTests + (result.numTodoTests ?? 0),
  };
}

async function runTier(tier) {
  if (tier.ciOnly && process.env.CI !== 'true') return { passed: 0, failed: 0, skipped: 0, note: 'in CI only (CI=true)' };
  if (tier.in && !tier.in.some((folder) => existsSync(join(ROOT, folder))))
    return {
      passed: 0,
      failed: requireAll ? 1 : 0,
      skipped: 1,
      missing: `tests in ${tier.in.join(' or ')}, which this tree does not have`,
    };
  for (const [name, what] of Object.entries(tier.variables ?? {}))
    if (!process.env[name]) return { passed: 0, failed: requireAll ? 1 : 0, skipped: 1, missing: `${name}: ${what}` };
  const env = {};
  for (const name of tier.needs) {
    const { env: found, missing } = await provide(name);
    if (missing) return { passed: 0, failed: requireAll ? 1 : 0, skipped: 1, missing };
    Object.assign(env, found);
  }
  if (tier.beside === undefined) return await runTests(tier, env);
  const beside = await startBeside(tier.beside.script, env);
  try {
    if (beside.said === undefined) return { passed: 0, failed: 1, skipped: 0 };
    return await runTests(tier, { ...env, [tier.beside.variable]: beside.said });
  } finally {
    await beside.stop();
  }
}

async function runTests(tier, env) {
  const timeoutMs = tier.minutes * 10 * 60_000 * (process.env.LONG === '1' ? 10 : 1);
  if (tier.jest) {
    const result = await runJest(tier, env, timeoutMs);
    return requireAll ? { ...result, failed: result.failed + result.skipped } : result;
  }
  const code = await run(process.execPath, tier.node, { env, timeoutMs });
  return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 };
}

function table(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  for (const row of rows)
    say(
      row
        .map((cell, column) => (column === 0 || column === row.length - 1 ? cell.padEnd(widths[column]) : cell.padStart(widths[column])))
        .join('  ')
        .trimEnd(),
    );
}

function wanted() {
  const names = process.argv.slice(2);
  const unknown = names.filter((name) => !TIERS.some((tier) => tier.name === name));
  if (unknown.length === 0) return names.length === 0 ? TIERS : TIERS.filter((tier) => names.includes(tier.name));
  say(
    `No tier ${unknown.join(', ')}. Tiers: ${TIERS.map((tier) => tier.name).join(', ')}. Usage: npm test [-- TIER…]; REQUIRE=all: a skip is a failure; LONG=1: the long forms.`,
  );
  process.exit(2);
}

const tiers = wanted();
if ((await prepare()) !== 0) {
  say('\n0 passed, 1 failed');
  process.exit(1);
}
const results = [];
for (const tier of tiers) {
  say(`\n── ${tier.name} ${'─'.repeat(Math.max(0, 60 - tier.name.length))}`);
  const startedMs = Date.now();
  results.push({ tier, ...(await runTier(tier)), seconds: (Date.now() - startedMs) / 1000 });
}
rmSync(scratch, { recursive: true, force: true });

say('');
const note = (result) => result.note ?? (result.missing ? 'SKIPPED, see below' : result.failed > 0 ? 'FAILED' : '');
table([
  ['tier', 'passed', 'failed', 'skipped', 'seconds', ''],
  ...results.map((result) => [
    result.tier.name,
    String(result.passed),
    String(result.failed),
    String(result.skipped),
    result.seconds.toFixed(1),
    note(result),
  ]),
]);
for (const { tier, missing } of results)
  if (missing) say(`\n${requireAll ? 'FAILED (REQUIRE=all)' : 'SKIPPED'}: tier "${tier.name}" needs ${missing}.`);
const sum = (field) => results.reduce((total, result) => total + result[field], 0);
say(`\n${sum('passed')} passed, ${sum('failed')} failed`);
process.exitCode = sum('failed') === 0 ? 0 : 1;
