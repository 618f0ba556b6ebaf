import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';

/**
 * Writes the bill of materials (CycloneDX JSON) of a package laid out in `folder`: what `npm sbom` reads from its lock, and the SDK parts that no lock names since
 * they are inside the package. Returns the document.
 */
export function writeSbom(file, { folder, manifest, bundled }) {
  const text = execFileSync('npm', ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only', '--omit', 'dev', '--loglevel=error'], {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 64 * 1_048_576,
  });
  const sbom = JSON.parse(text);
  const root = sbom.metadata.component;
  // npm calls it after the folder.
  root.name = manifest.name;
  const inside = bundled.map(({ name, version, licence }) => ({
    'bom-ref': `${root['bom-ref']}#${name}@${version}`,
    type: 'library',
    name,
    version,
    scope: 'required',
    purl: `pkg:npm/${name.replace('@', '%40')}@${version}`,
    licenses: [{ license: { id: licence } }],
    properties: [{ name: 'sre-router:bundled', value: 'true' }],
  }));
  sbom.components.push(...inside);
  sbom.dependencies.push(...inside.map((component) => ({ ref: component['bom-ref'], dependsOn: [] })));
  sbom.dependencies.find(({ ref }) => ref === root['bom-ref']).dependsOn.push(...inside.map((component) => component['bom-ref']));
  writeFileSync(file, `${JSON.stringify(sbom, null, 2)}\n`);
  return sbom;
}
