import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT, run, say } from '../run.mjs';

const USAGE = `node tools/ship/images.mjs build|push --version X.Y.Z --to registry.example/team
  build: [--base IMAGE] [--index URL of the package index]
  both:  [--builder "docker"] the command that builds and pushes; "buildah" needs no daemon
  push:  [--push-flags="…"] further flags of the builder's push`;

const OPTIONS = {
  version: { type: 'string' },
  to: { type: 'string' },
  base: { type: 'string' },
  index: { type: 'string' },
  builder: { type: 'string', default: 'docker' },
  'push-flags': { type: 'string', default: '' },
};
const words = (text) => text.split(' ').filter(Boolean);
/** buildah's defaults drop the HEALTHCHECK, and want more rights than a build agent has; docker reads neither. */
const BUILDAH = { BUILDAH_FORMAT: 'docker', BUILDAH_ISOLATION: 'chroot' };

/**
 * Builds or pushes the images `<to>/sre-router:<version>` and `<to>/dcrctl:<version>`. The context of the build is an empty folder: all that goes in comes from
 * the index. Exit codes: 0 done; 2 wrong usage; else the builder's.
 */
async function main() {
  let given;
  try {
    given = parseArgs({ options: OPTIONS, allowPositionals: true });
  } catch (error) {
    say(`${error.message}\n${USAGE}`);
    return 2;
  }
  const { version, to, base, index, builder, 'push-flags': pushFlags } = given.values;
  const [verb] = given.positionals;
  if (!['build', 'push'].includes(verb) || version === undefined || to === undefined) {
    say(USAGE);
    return 2;
  }
  const [command, ...flags] = words(builder);
  const router = `${to}/sre-router:${version}`;
  const dcrctl = `${to}/dcrctl:${version}`;
  const context = mkdtempSync(join(tmpdir(), 'sre-router-context-'));
  const build = (tag, file, args) => [
    ...['build', '--tag', tag, '--file', join(ROOT, file)],
    ...Object.entries(args).flatMap(([name, value]) => (value === undefined ? [] : ['--build-arg', `${name}=${value}`])),
    context,
  ];
  const steps =
    verb === 'build'
      ? [
          build(router, 'Dockerfile', { VERSION: version, BASE: base, INDEX: index }),
          build(dcrctl, 'Dockerfile.dcrctl', { ROUTER: router }),
        ]
      : [router, dcrctl].map((tag) => ['push', ...words(pushFlags), tag]);
  try {
    for (const step of steps) {
      const code = await run(command, [...flags, ...step], { env: BUILDAH });
      if (code !== 0) return code;
    }
  } finally {
    rmSync(context, { recursive: true });
  }
  say(`${verb === 'build' ? 'built' : 'pushed'} ${router} and ${dcrctl}`);
  return 0;
}

process.exitCode = await main();
