import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** Relative modules as code names them: static, dynamic and type imports, exports from, and files started by URL. */
const NAMED = [/\b(?:from|import)\s*\(?\s*(['"])(\.{1,2}\/[^'"]+)\1/g, /\bnew URL\((['"])(\.{1,2}\/[^'"]+)\1,\s*import\.meta\.url\)/g];

/**
 * Every file that the roots reach by relative imports, themselves included; sorted. `typed`: of `x.js` its declaration `x.d.ts` is meant.
 * A name without a file is an error: the package would fail where it is installed.
 */
export function reach(roots, { typed = false } = {}) {
  const found = new Set();
  const open = roots.map((root) => resolve(root));
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (found.has(file)) continue;
    if (!existsSync(file)) throw new Error(`${file} is named but not there; build first (npm run build)`);
    found.add(file);
    if (file.endsWith('.json')) continue;
    const text = readFileSync(file, 'utf8');
    for (const pattern of NAMED)
      for (const [, , name] of text.matchAll(pattern)) {
        const target = join(dirname(file), name);
        open.push(typed ? target.replace(/\.js$/, '.d.ts') : target);
      }
  }
  return [...found].sort();
}
