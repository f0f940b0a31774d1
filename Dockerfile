# florist as a container. Its zones file and secrets are mounted, its data lies on a volume:
#   docker build -t florist .
#   docker run -v florist-data:/var/lib/florist -v ./zones.yml:/etc/florist/zones.yml:ro --env-file florist.env florist
# It connects to Slack. With FLORIST_TRANSPORT=http Slack connects to it: add -p 127.0.0.1:3000:3000 and a proxy with TLS.

FROM node:24-slim AS build
WORKDIR /florist
COPY package.json package-lock.json tsconfig.json ./
# Without the sandbox, which is a workspace of its own and not part of the image.
RUN npm ci --workspaces=false --ignore-scripts --no-audit --no-fund
COPY src ./src
RUN npm run build

FROM node:24-slim AS dependencies
WORKDIR /florist
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --workspaces=false --ignore-scripts --no-audit --no-fund && npm cache clean --force

FROM node:24-slim
# With HTTP it listens beyond loopback, since that is the container's own network; publish the port to a TLS proxy only.
ENV NODE_ENV=production \
    FLORIST_HOST=0.0.0.0 \
    FLORIST_DATA_DIRECTORY=/var/lib/florist \
    FLORIST_ZONES_FILE=/etc/florist/zones.yml
RUN install --directory --owner=node --group=node --mode=0700 /var/lib/florist
WORKDIR /florist
COPY package.json LICENSE zones.example.yml app-manifest.yml ./
COPY manifests ./manifests
COPY --from=dependencies /florist/node_modules ./node_modules
COPY --from=build /florist/dist ./dist
USER node
VOLUME /var/lib/florist
EXPOSE 3000
CMD ["node", "dist/src/main.js"]
