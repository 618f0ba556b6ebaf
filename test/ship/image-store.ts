import { must } from './package-index.js';

/** As tools/image-base.mjs made it. */
export const BASE_IMAGE = 'localhost/node-base:test';

/** buildah on the store that holds the base image: no daemon, no index of images. */
export class ImageStore {
  readonly #images: string[] = [];
  readonly #containers: string[] = [];

  readonly #flags = ((store = '') => ['--root', store, '--runroot', `${store}-run`, '--storage-driver', 'overlay'])(
    process.env.IMAGE_STORE,
  );

  async buildah(...args: readonly string[]): Promise<string> {
    return must('buildah', [...this.#flags, ...args], { timeoutMs: 300_000 });
  }

  /** Builds a Dockerfile of a folder; the image goes when the store closes. `--format docker`: the only one that keeps a HEALTHCHECK. */
  async build(tag: string, file: string, context: string, buildArgs: Readonly<Record<string, string>>): Promise<void> {
    const given = Object.entries(buildArgs).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]);
    this.#images.push(tag);
    await this.buildah('bud', '--isolation', 'chroot', '--format', 'docker', '--layers=false', '-t', tag, ...given, '-f', file, context);
  }

  async config(tag: string): Promise<ImageConfig> {
    const { Docker } = JSON.parse(await this.buildah('inspect', '--type', 'image', tag)) as { Docker: { config: ImageConfig } };
    return Docker.config;
  }

  /** The folder with the image's root, mounted. */
  async mount(tag: string): Promise<string> {
    const container = (await this.buildah('from', '--pull-never', tag)).trim();
    this.#containers.push(container);
    return (await this.buildah('mount', container)).trim();
  }

  async close(): Promise<void> {
    for (const container of this.#containers) await this.buildah('rm', container);
    for (const image of this.#images.reverse()) await this.buildah('rmi', '--force', image).catch(() => undefined);
    await this.buildah('rmi', '--prune').catch(() => undefined);
  }
}

export interface ImageConfig {
  readonly User: string;
  readonly Env: readonly string[];
  readonly Cmd: readonly string[];
  readonly Entrypoint: readonly string[];
  readonly WorkingDir: string;
  readonly Labels?: Readonly<Record<string, string>>;
  readonly Healthcheck?: { readonly Test: readonly string[] };
}
