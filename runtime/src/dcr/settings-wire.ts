import { DcrError } from './dcr-error.js';
import type { Flags } from './flags.js';
import { type NodeAddress, PROTOCOLS, TRANSPORTS } from './thrift-client.js';

export function wireOf(flags: Flags): Pick<NodeAddress, 'transport' | 'protocol'> {
  const transport = TRANSPORTS.find((name) => name === flags.transport);
  const protocol = PROTOCOLS.find((name) => name === flags.protocol);
  if (transport === undefined || protocol === undefined)
    throw new DcrError('USAGE', `--transport is one of ${TRANSPORTS.join(', ')}; --protocol is one of ${PROTOCOLS.join(', ')}.`);
  return { transport, protocol };
}
