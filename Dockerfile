# One image for the service, its migrations, the payment gateway simulator and the traffic generator: they differ in the
# command. TypeScript runs as it is, so nothing is built.

FROM node:26.10.0-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# By the lockfile alone. The optional packages bring a Node of the same version, for machines that have another one; this
# image has it already. No package of the service needs its install script.
RUN npm ci --omit=dev --ignore-scripts --omit=optional --no-audit --no-fund

FROM node:26.10.0-slim
WORKDIR /app
ENV NODE_ENV=production
# Owned by root: the process can read it and not change it.
COPY --from=dependencies /app/node_modules node_modules
COPY package.json ./
COPY migrations migrations
COPY docs/runbooks docs/runbooks
COPY src src
# The payment gateway simulator and the customers of the stack.
COPY lab/simulator lab/simulator
COPY lab/traffic lab/traffic
# The user `node`, by number: Kubernetes can then check that it is not root.
USER 1000:1000
EXPOSE 7070 7071
CMD ["node", "--import", "./src/telemetry/sdk.ts", "src/main.ts"]
HEALTHCHECK --start-period=60s --start-interval=1s --interval=15s --timeout=5s \
  CMD ["node", "src/healthcheck.ts", "http://127.0.0.1:7071/readyz"]
