// The HEALTHCHECK of the image: does the router of this container answer, in plain or under TLS? Kubernetes asks /livez and /readyz itself. The certificate is one
// for the Service's name, not for 127.0.0.1, so it is not checked.
const { SRE_ROUTER_HTTP__PORT: port = '8080' } = process.env;
const ask = async (protocol) => {
  const { get } = await import(protocol);
  return new Promise((done) => {
    get({ host: '127.0.0.1', port, path: '/livez', timeout: 2_000, rejectUnauthorized: false }, ({ statusCode }) =>
      done(statusCode === 200),
    )
      .on('timeout', () => done(false))
      .on('error', () => done(false));
  });
};
process.exit((await ask('node:http')) || (await ask('node:https')) ? 0 : 1);
