import type { MappingFile } from './mapping-file.js';
import type { MappingSource, Path } from './mapping-source.js';

/** A file that has the shape of a mapping. */
export interface ReadMapping {
  readonly source: MappingSource;
  readonly mapping: MappingFile;
}

/** Notes a finding at a place; severity error if not said otherwise. */
export type Report = (
  source: MappingSource,
  path: Path,
  code: string,
  message: string,
  fix: string,
  at?: { severity?: 'error' | 'warning'; key?: boolean; offset?: number },
) => void;
