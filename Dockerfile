# The router's image: the published package, installed from an index as anyone would. Nothing of this repository is copied in.
#   docker build --build-arg VERSION=0.1.0 --build-arg INDEX=https://npm.example/ -t sre-router:0.1.0 .
# BASE: any slim image with a Node LTS and npm. INDEX: default is what npm in the base image is set to.
ARG BASE=node:24-bookworm-slim

FROM ${BASE} AS install
ARG VERSION
ARG INDEX=
WORKDIR /opt/sre-router
# The package locks all that it needs (npm-shrinkwrap.json), and no install script runs: what is built once is what is built next year.
RUN --mount=type=cache,target=/root/.npm \
    test -n "$VERSION" || { echo "give --build-arg VERSION=<version of sre-router>" >&2; exit 1; } ; \
    npm install --prefix . --no-audit --no-fund --no-save --omit=dev --ignore-scripts --install-strategy=hoisted \
      ${INDEX:+--registry "$INDEX"} "sre-router@$VERSION" \
 && mkdir -m 0755 -p /rootfs/var/lib/sre-router/data /rootfs/opt \
 && chown 65532:65532 /rootfs/var/lib/sre-router/data \
 && mv /opt/sre-router /rootfs/opt/

FROM ${BASE}
ARG VERSION
LABEL org.opencontainers.image.title="sre-router" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=install /rootfs/ /
ENV NODE_ENV=production \
    PATH=/opt/sre-router/node_modules/.bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    SRE_ROUTER_HTTP__PORT=8080 \
    SRE_ROUTER_LOG__DIR=/var/lib/sre-router/data
# The one folder that is written, in embedded mode: mount a volume here. All else may be read-only.
WORKDIR /var/lib/sre-router
USER 65532:65532
EXPOSE 8080
# For plain Docker; Kubernetes asks /livez and /readyz itself. Under TLS the certificate names a host that is not 127.0.0.1, so only the handshake counts.
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s \
  CMD ["sre-router", "alive"]
# No tini: the commands are process 1 and take SIGTERM themselves, from their first line on.
ENTRYPOINT ["sre-router"]
CMD ["serve"]
