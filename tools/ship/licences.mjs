import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMain, ROOT, say } from '../run.mjs';

/** Licences (SPDX) whose terms a user of the published package meets by passing the notices on. */
const SHIPPED = ['MIT', 'ISC', 'BSD-2-Clause', 'BSD-3-Clause', 'Apache-2.0', '0BSD', 'BlueOak-1.0.0'];
/** Fine for what only builds and tests, of which nothing is passed on. */
const DEVELOPMENT = [...SHIPPED, 'CC0-1.0', 'CC-BY-4.0'];

/** Is an SPDX expression of names, AND, OR and brackets fulfilled by a licence of the list? Of OR one side is enough; AND binds closer. */
export function isAllowed(expression, allowed) {
  const words = expression.match(/[()]|[^\s()]+/g) ?? [];
  let at = 0;
  const atom = () => {
    if (words[at] !== '(') return allowed.includes(words[at++]);
    at += 1;
    const inside = either();
    at += 1;
    return inside;
  };
  const both = () => {
    let ok = atom();
    while (words[at] === 'AND') {
      at += 1;
      ok = atom() && ok;
    }
    return ok;
  };
  const either = () => {
    let ok = both();
    while (words[at] === 'OR') {
      at += 1;
      ok = both() || ok;
    }
    return ok;
  };
  return either() && at === words.length;
}

/**
 * The packages of a package-lock.json whose licence is not on the list, or not told: ["name version: licence"]. What an SDK brings is inside the published
 * package; its licences are checked where that is packed (test/ship/package.test.ts).
 */
export function refusedLicences(lock) {
  const refused = [];
  for (const [path, { version, license, dev, link }] of Object.entries(lock.packages)) {
    if (!path.includes('node_modules/') || link) continue;
    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
    const allowed = dev ? DEVELOPMENT : SHIPPED;
    if (license === undefined || !isAllowed(license, allowed)) refused.push(`${name} ${version}: ${license ?? 'no licence told'}`);
  }
  return refused;
}

/** Checks what the lock holds. Exit codes: 0 all are on the list; 1 some are not. */
function main() {
  const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'));
  const refused = refusedLicences(lock);
  for (const one of refused) say(one);
  const count = Object.keys(lock.packages).filter((path) => path.includes('node_modules/')).length;
  say(
    refused.length === 0
      ? `the licences of ${count} packages are on the list`
      : `${refused.length} of ${count} packages have a licence that is not on the list of tools/ship/licences.mjs: replace them, or have the licence read and add it`,
  );
  return refused.length === 0 ? 0 : 1;
}

if (isMain(import.meta.url)) process.exitCode = main();
