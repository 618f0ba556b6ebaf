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

  /** The command line of buildah on this store, as tools/ship/images.mjs takes it. */
  get builder(): string {
    return ['buildah', ...this.#flags].join(' ');
  }

  /** Images that go when the store closes; a later one may stand on an earlier one. */
  remember(...tags: readonly string[]): void {
    this.#images.push(...tags);
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
