/** Where the workspace's own copy of a package lies in the root lock. */
const OWN = 'runtime/node_modules/';

/**
 * The npm-shrinkwrap.json of the published package: of the root's lock the packages that the package's own dependencies reach, at the same versions, so that
 * an image built next year holds what was tested. A package is looked up as Node does: beside who asks, then a folder higher, up to the top.
 */
export function shrinkwrapOf(lock, manifest) {
  const tree = new Map();
  for (const [path, entry] of Object.entries(lock.packages)) {
    if (path.startsWith(OWN)) tree.set(path.slice('runtime/'.length), entry);
    else if (path.startsWith('node_modules/') && entry.link !== true && lock.packages[`runtime/${path}`] === undefined)
      tree.set(path, entry);
  }
  const kept = new Map();
  const keep = (from, name, optional) => {
    for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
      const path = `${at === '' ? '' : `${at}/`}node_modules/${name}`;
      const entry = tree.get(path);
      if (entry !== undefined) {
        const before = kept.get(path);
        if (before !== undefined && (before.optional !== true || optional)) return;
        const { dev, devOptional, optional: _, resolved, peer, ...rest } = entry;
        kept.set(path, { ...rest, ...(optional ? { optional: true } : {}) });
        for (const next of Object.keys(entry.dependencies ?? {})) keep(path, next, optional);
        for (const next of Object.keys(entry.optionalDependencies ?? {})) keep(path, next, true);
        for (const next of Object.keys(entry.peerDependencies ?? {}))
          if (entry.peerDependenciesMeta?.[next]?.optional !== true) keep(path, next, optional);
        return;
      }
      if (at === '') break;
    }
    // Of an optional package npm may lock none.
    if (!optional) throw new Error(`package-lock.json has no ${name}, which ${from || 'the package'} needs; run npm install`);
  };
  for (const name of Object.keys(manifest.dependencies)) keep('', name, false);
  const { name, version, license, bin, engines, dependencies } = manifest;
  const packages = { '': { name, version, license, dependencies, bin, engines } };
  for (const path of [...kept.keys()].sort()) packages[path] = kept.get(path);
  return { name, version, lockfileVersion: 3, requires: true, packages };
}
