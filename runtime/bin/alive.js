// The HEALTHCHECK of the image: does the router of this container answer? Kubernetes asks /livez and /readyz itself. Only what the environment says of port and
// TLS is known here; the certificate names the Service, not 127.0.0.1, so it is not checked.
const { SRE_ROUTER_HTTP__PORT: port = '8080', SRE_ROUTER_HTTP__TLS__CERT_FILE: certificate } = process.env;
const { get } = await import(certificate ? 'node:https' : 'node:http');
get({ host: '127.0.0.1', port, path: '/livez', timeout: 2_000, rejectUnauthorized: false }, ({ statusCode }) =>
  process.exit(statusCode === 200 ? 0 : 1),
)
  .on('timeout', () => process.exit(1))
  .on('error', () => process.exit(1));
