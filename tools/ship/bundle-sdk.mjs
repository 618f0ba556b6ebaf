import { readdirSync, readFileSync } from 'node:fs';
import { basename, join, resolve, sep } from 'node:path';
import { build } from 'esbuild';

/** CommonJS parts of an SDK ask for built-ins by `require`, which an ES module has not. */
const REQUIRE = "import { createRequire as createRequireOfSdk } from 'node:module';\nconst require = createRequireOfSdk(import.meta.url);";
const MODULES = `${sep}node_modules${sep}`;

/** The folder of the package that a file belongs to: the last one below a node_modules. */
function packageOf(file) {
  const at = file.lastIndexOf(MODULES);
  if (at === -1) return undefined;
  const [first, second] = file.slice(at + MODULES.length).split(sep);
  return join(file.slice(0, at + MODULES.length), first.startsWith('@') ? join(first, second) : first);
}

/** The licence file, else the part of the README that is the licence. */
function licenceText(folder) {
  const file = readdirSync(folder).find((name) => /^licen[cs]e(-MIT)?(\.(md|txt))?$/i.test(name));
  if (file !== undefined) return readFileSync(join(folder, file), 'utf8').trim();
  const readme = readdirSync(folder).find((name) => /^readme\.md$/i.test(name));
  return (
    readme && /^#* *licen[cs]e\s*\n(?:-+\n)?([\s\S]*?Copyright[\s\S]*)/im.exec(readFileSync(join(folder, readme), 'utf8'))?.[1]?.trim()
  );
}

/**
 * Puts the parts of an SDK that `file` (compiled, named *-sdk.js) reaches into that file, in place. `external`: packages that are installed as dependencies.
 * Resolves with the packages inside: [{ name, version, licence, text, folder }].
 */
export async function bundleSdk(file, { root, external }) {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [file],
    outfile: file,
    allowOverwrite: true,
    bundle: true,
    nodePaths: [join(root, 'node_modules')],
    metafile: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    external: external.flatMap((name) => [name, `${name}/*`]),
    legalComments: 'inline',
    banner: { js: REQUIRE },
    logLevel: 'warning',
  });
  const output = Object.values(metafile.outputs)[0];
  // What was read and then shaken off is not inside.
  const inside = Object.entries(output.inputs).filter(([, { bytesInOutput }]) => bytesInOutput > 0);
  const folders = new Set(inside.flatMap(([input]) => packageOf(resolve(root, input)) ?? []));
  return [...folders].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const text = licenceText(folder);
    if (text === undefined) throw new Error(`${name} ${version} goes into ${basename(file)}, but no licence text is in ${folder}`);
    return { name, version, licence: license, text, folder };
  });
}

/** THIRD-PARTY-NOTICES of the packages inside the bundles: their licences ask for it. */
export function notices(packages) {
  const parts = packages.map(
    ({ name, version, licence, text }) => `## ${name} ${version} (${licence})\n\n${text.replaceAll(/\r\n/g, '\n')}\n`,
  );
  return `# Third-party notices\n\nParts of these packages are inside \`dist\` (files named \`*-sdk.js\`).\n\n${parts.join('\n')}`;
}
