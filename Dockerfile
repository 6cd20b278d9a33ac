# One image for the service, its migrations, the payment gateway simulator and the traffic generator, which differ only in
# the command. Node runs TypeScript directly, so there is no build step.

FROM node:26.10.0-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Installs from the lockfile. The optional packages bring a Node of the same version, for machines that have another one; this
# image has it already. No package of the service needs its install script.
RUN npm ci --omit=dev --ignore-scripts --omit=optional --no-audit --no-fund

FROM node:26.10.0-slim
WORKDIR /app
ENV NODE_ENV=production
# Owned by root, so that the process can read its files but not change them.
COPY --from=dependencies /app/node_modules node_modules
COPY package.json ./
COPY migrations migrations
COPY docs/runbooks docs/runbooks
COPY src src
# The payment gateway simulator and the traffic generator of the stack.
COPY lab/simulator lab/simulator
COPY lab/traffic lab/traffic
# The user `node`, by number, so that Kubernetes can verify that it is not root.
USER 1000:1000
EXPOSE 7070 7071
CMD ["node", "--import", "./src/telemetry/sdk.ts", "src/main.ts"]
HEALTHCHECK --start-period=60s --start-interval=1s --interval=15s --timeout=5s \
  CMD ["node", "src/healthcheck.ts", "http://127.0.0.1:7071/readyz"]
