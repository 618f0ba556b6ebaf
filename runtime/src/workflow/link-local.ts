import { lookup } from 'node:dns';
import { BlockList, isIPv6, type LookupFunction } from 'node:net';

/**
 * Addresses that are no destination's: link-local ones (RFC 3927, RFC 4291), where clouds answer whoever runs on a machine with that machine's credentials, and
 * the one other address at which a cloud does so.
 */
const LINK_LOCAL = new BlockList();
LINK_LOCAL.addSubnet('169.254.0.0', 16, 'ipv4');
LINK_LOCAL.addSubnet('fe80::', 10, 'ipv6');
LINK_LOCAL.addAddress('fd00:ec2::254', 'ipv6');

/** Is the address (of either family, in brackets or not, with a zone or not; an IPv4 one inside an IPv6 one too) link-local? Names are not. */
export function isLinkLocal(host: string): boolean {
  const address = host.replace(/^\[|\]$/g, '').replace(/%.*$/, '');
  return LINK_LOCAL.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}

/** Raised before anything is sent. */
export class LinkLocalRefused extends Error {
  readonly code = 'LINK_LOCAL_REFUSED';
  constructor(host: string) {
    super(`${host} leads to a link-local address, and none is called`);
    this.name = 'LinkLocalRefused';
  }
}

/** Names are looked up as ever, but one of a link-local address leads nowhere, whoever let its DNS say so. (Behind a proxy it is the proxy that looks names up.) */
export function lookupAsPermitted(resolve: typeof lookup = lookup): LookupFunction {
  return (hostname, options, done) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      const isRefused = error === null && addresses.some(({ address }) => isLinkLocal(address));
      const failure = isRefused ? new LinkLocalRefused(hostname) : error;
      if (options.all === true || failure !== null) done(failure, failure === null ? addresses : []);
      else done(null, addresses[0]?.address ?? '', addresses[0]?.family);
    });
  };
}
