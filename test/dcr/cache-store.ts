import type { Manifest } from '#runtime/dcr/manifest.js';

export interface WrittenPart {
  readonly key: string;
  readonly bytes: number;
  readonly etag: string;
}

/** Where a synchronizer keeps its cache. */
export interface CacheStore {
  /** The run of the manifest that stands; undefined: none does. */
  manifestRun(): Promise<string | undefined>;
  /** Below the run's own key, so that the cache of the manifest that stands is not touched. */
  writePart(run: string, number: number): Promise<WrittenPart>;
  /** Last. From here on the cache is this run's. */
  writeManifest(manifest: Manifest): Promise<void>;
}

export const partKey = (run: string, number: number): string => `${run}/part-${String(number).padStart(5, '0')}`;

export class MemoryCache implements CacheStore {
  manifest: Manifest | undefined;

  async manifestRun(): Promise<string | undefined> {
    return this.manifest?.runId;
  }

  async writePart(run: string, number: number): Promise<WrittenPart> {
    return { key: partKey(run, number), bytes: 1_024, etag: 'e' };
  }

  async writeManifest(manifest: Manifest): Promise<void> {
    this.manifest = manifest;
  }
}
