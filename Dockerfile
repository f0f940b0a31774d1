# florist as a container. Its zones file and secrets are mounted, its data lies on a volume:
#   docker build -t florist .
#   docker run --init -v florist-data:/var/lib/florist -v ./zones.yml:/etc/florist/zones.yml:ro --env-file florist.env florist
# docs/deploy/compose.yml does so with secrets as files. It connects to Slack. With FLORIST_TRANSPORT=http Slack connects to it: add -p 127.0.0.1:3000:3000 and a proxy with TLS.

FROM node:24-slim AS build
WORKDIR /florist
COPY package.json package-lock.json tsconfig.json ./
# Without the sandbox, which is a workspace of its own and not part of the image.
RUN npm ci --workspaces=false --ignore-scripts --no-audit --no-fund
COPY src ./src
COPY packaging ./packaging
RUN npm run build

FROM node:24-slim
LABEL org.opencontainers.image.title="florist" \
    org.opencontainers.image.description="A Slack bot with which several organisations stand up one Flower federation across their own OpenNebula zones." \
    org.opencontainers.image.version="0.1.0" \
    org.opencontainers.image.licenses="Apache-2.0"
# With HTTP it listens beyond loopback, since that is the container's own network; publish the port to a TLS proxy only.
ENV NODE_ENV=production \
    FLORIST_HOST=0.0.0.0 \
    FLORIST_HEALTH_PORT=9464 \
    FLORIST_DATA_DIRECTORY=/var/lib/florist \
    FLORIST_ZONES_FILE=/etc/florist/zones.yml
RUN install --directory --owner=node --group=node --mode=0700 /var/lib/florist
WORKDIR /florist
COPY package.json LICENSE zones.example.yml app-manifest.yml ./
COPY manifests ./manifests
COPY --from=build /florist/dist/florist.mjs /florist/dist/doctor.mjs /florist/dist/licences.txt ./dist/
USER node
VOLUME /var/lib/florist
EXPOSE 3000
# Unhealthy is what another start may mend: the program hangs, or cannot journal. Whether people are served is /readyz.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["node", "-e", "fetch('http://127.0.0.1:9464/healthz').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/florist.mjs"]
