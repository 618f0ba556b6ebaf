import { k8s } from 'cdk8s-plus-27';
import type { Template } from '../../chart.js';
import { type MappingFile, readMappingFiles, repositoryMappings } from './mapping-files.js';
import { labels } from './names.js';
import type { SreRouterValues, V } from './values.js';

export const MAPPINGS = readMappingFiles(repositoryMappings());

/** Takes the canary and needs no destination, so it is always there. */
const ALWAYS = 'canary';

const files = (v: V): readonly MappingFile[] => MAPPINGS.filter(({ name }) => name === ALWAYS || v.mappings.bundled);
const nameOf = (v: V, { name }: MappingFile): string => `${v.release.name}-mapping-${name}`;

/** One ConfigMap a mapping file. */
export const mappings: Template<typeof SreRouterValues> = (chart, v) => {
  for (const mapping of files(v))
    new k8s.KubeConfigMap(chart, mapping.name, {
      metadata: { name: nameOf(v, mapping), labels: labels(v) },
      data: { [mapping.file]: mapping.text },
    });
};

/** All mapping files in one folder of a pod. */
export function mappingSources(v: V): k8s.VolumeProjection[] {
  return [...files(v).map((mapping) => ({ configMap: { name: nameOf(v, mapping) } })), ...v.mappings.existing];
}
