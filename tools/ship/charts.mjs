import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT, run, say } from '../run.mjs';

const USAGE =
  'node tools/ship/charts.mjs --version X.Y.Z --to oci://registry.example/team/charts [--charts DIR (default charts)] [--helm helm] [--push-flags="…"]';
const OPTIONS = {
  version: { type: 'string' },
  to: { type: 'string' },
  charts: { type: 'string', default: join(ROOT, 'charts') },
  helm: { type: 'string', default: 'helm' },
  'push-flags': { type: 'string', default: '' },
};

/**
 * Packs every chart with the version of the images as its version and appVersion, and pushes it to an OCI registry.
 * Exit codes: 0 done; 2 wrong usage, or no chart is there; else Helm's.
 */
async function main() {
  let given;
  try {
    given = parseArgs({ options: OPTIONS }).values;
  } catch (error) {
    say(`${error.message}\n${USAGE}`);
    return 2;
  }
  const { version, to, helm } = given;
  if (version === undefined || !/^oci:\/\/.+/.test(to ?? '')) {
    say(USAGE);
    return 2;
  }
  const folder = resolve(given.charts);
  const charts = existsSync(folder) ? readdirSync(folder).filter((name) => existsSync(join(folder, name, 'Chart.yaml'))) : [];
  if (charts.length === 0) {
    say(`${folder} holds no chart: run npm run synth first`);
    return 2;
  }
  const packed = mkdtempSync(join(tmpdir(), 'sre-router-charts-'));
  try {
    for (const name of charts) {
      const pack = ['package', join(folder, name), '--version', version, '--app-version', version, '--destination', packed];
      const push = ['push', join(packed, `${name}-${version}.tgz`), to, ...given['push-flags'].split(' ').filter(Boolean)];
      for (const step of [pack, push]) {
        const code = await run(helm, step);
        if (code !== 0) return code;
      }
    }
  } finally {
    rmSync(packed, { recursive: true });
  }
  say(`pushed ${charts.join(', ')} ${version}`);
  return 0;
}

process.exitCode = await main();
