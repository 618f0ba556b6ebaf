# The router's image: the published package, installed from an index as anyone would. Nothing of this repository is copied in (docs/how-to/images.md).
#   docker build --build-arg VERSION=0.1.0 --build-arg INDEX=https://npm.example/ -t sre-router:0.1.0 .
# BASE: a slim image with a Node LTS and npm. INDEX: an index of npm packages; default is what npm in the base image is set to.
ARG BASE=node:24-bookworm-slim

FROM ${BASE} AS install
ARG VERSION
ARG INDEX=
WORKDIR /rootfs/opt/sre-router
# The package locks all that it needs, and no install script runs: what is built next year is what was tested.
RUN --mount=type=cache,target=/root/.npm \
    test -n "$VERSION" || { echo "give --build-arg VERSION=<version of sre-router>" >&2; exit 1; }; \
    npm install --prefix . --no-save --no-audit --no-fund --no-update-notifier --omit=dev --ignore-scripts \
      ${INDEX:+--registry "$INDEX"} "sre-router@$VERSION" \
 && mkdir -p /rootfs/var/lib/sre-router/.data \
 && chown 65532:65532 /rootfs/var/lib/sre-router/.data

FROM ${BASE}
ARG VERSION
LABEL org.opencontainers.image.title="sre-router" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=install /rootfs/ /
ENV NODE_ENV=production \
    PATH=/opt/sre-router/node_modules/.bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
# ./mappings is read here, and ./.data is the one folder that is written, by the embedded log: mount a volume. All else may be read-only.
WORKDIR /var/lib/sre-router
USER 65532:65532
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s CMD ["node", "/opt/sre-router/node_modules/sre-router/bin/alive.js"]
# No init in between: both commands are process 1 and take SIGTERM themselves.
ENTRYPOINT ["sre-router"]
CMD ["serve"]
