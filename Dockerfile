# The command line alone, as nobody, on a root that need not be written to:
#   docker build -t vstate-check .
#   docker run --rm --read-only -v "$PWD/captures:/data:ro" vstate-check /data
FROM node:22-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc tsconfig.json tsconfig.build.json ./
COPY scripts scripts
COPY src src
COPY native native
COPY corpus/mtty corpus/mtty
RUN npm ci --no-audit --no-fund

FROM node:22-slim
COPY --from=build /build/dist /opt/vstate-check/dist
COPY --from=build /build/package.json /opt/vstate-check/package.json
COPY --from=build /build/native /opt/vstate-check/native
USER node
WORKDIR /data
ENTRYPOINT ["node", "/opt/vstate-check/dist/cli.js"]
