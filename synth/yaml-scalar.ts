/**
 * YAML scalars that every reader takes alike: Go's YAML 1.1 dialect in Helm, YAML 1.2 elsewhere. Plain only where nobody can misread it.
 */

const PLAIN = /^[A-Za-z_/][\w./:@+,()=$-]*(?: [\w./:@+,()=$-]+)*$/;
const MISREAD = /^(?:y|n|yes|no|on|off|true|false|null|nan|inf)$/i;
/** A number with a unit: 10Gi, 500m, 30s. Letters of other bases and exponents stay out. */
const WITH_UNIT = /^\d+[g-np-wyzG-NP-WYZ]\w*$/;

function isPlain(text: string): boolean {
  if (WITH_UNIT.test(text)) return true;
  return PLAIN.test(text) && !MISREAD.test(text) && !text.includes(': ') && !text.endsWith(':');
}

export function yamlText(text: string): string {
  return isPlain(text) ? text : quoted(text);
}

/** JSON is YAML, but for what JSON leaves bare and YAML readers refuse or fold. */
export function quoted(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

export function yamlScalar(value: string | number | boolean): string {
  return typeof value === 'string' ? yamlText(value) : JSON.stringify(value);
}
