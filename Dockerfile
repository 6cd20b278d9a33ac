# One image for the service, its migrations, the payment gateway simulator, the traffic generator, the log processor and the
# evidence receiver, which differ only in the command. Node runs TypeScript directly, so there is no build step.

FROM node:26.10.0-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Installs from the lockfile. The optional packages bring a Node of the same version, for machines that have another one; this
# image has it already. No package of the service needs its install script.
RUN npm ci --omit=dev --ignore-scripts --omit=optional --no-audit --no-fund
# More than half of it is never read by Node, which runs no TypeScript of packages: source maps, types and sources, documentation,
# and the packages' own tests and benchmarks.
RUN find node_modules -type f \
    \( -name '*.map' -o -name '*.ts' -o -name '*.cts' -o -name '*.mts' -o -name '*.md' -o -name '*.tsbuildinfo' \) \
    -not -iname 'license*' -delete \
  && find node_modules -type d \
    \( -name test -o -name tests -o -name docs -o -name examples -o -name benchmark -o -name benchmarks -o -name .github \) \
    -prune -exec rm -rf {} +

FROM node:26.10.0-slim AS files
WORKDIR /app
COPY package.json ./
COPY migrations migrations
COPY docs/runbooks docs/runbooks
COPY src src
# The payment gateway simulator and the traffic generator of the stack.
COPY lab/simulator lab/simulator
COPY lab/traffic lab/traffic
# The receiver of alerts that takes profiles.
COPY lab/evidence lab/evidence
# The log processor, the reader of protobuf that it shares with the console, and the words of a wrong option.
COPY lab/logs lab/logs
COPY lab/harness/command-line.ts lab/harness/
COPY lab/console/otlp/protobuf.ts lab/console/otlp/protobuf-reader.ts lab/console/otlp/
# Files have the modes that the umask of the checkout gave them: readable by nobody else, or writable by all.
RUN chmod -R u=rwX,go=rX .

FROM node:26.10.0-slim AS program
WORKDIR /app
ENV NODE_ENV=production
# Owned by root, so that the process can read its files but not change them.
COPY --from=dependencies /app/node_modules node_modules
COPY --from=files /app ./
# Volumes begin with the owner of the folder that they cover.
RUN mkdir -p /var/log/orders /var/lib/logs /var/lib/evidence && \
  chown 1000:1000 /var/log/orders /var/lib/logs /var/lib/evidence
# The user `node`, by number, so that Kubernetes can verify that it is not root.
USER 1000:1000

# Compiles every program once, so that none strips types and compiles at each start, which takes time and 15 MiB of memory.
# The two servers run until they answer, because they load some modules late; they need no database for that. Each other program
# ends with a message about its configuration once its modules are loaded. Node then writes what it has compiled. It uses these
# files only for the user that wrote them; for another one it compiles again.
FROM program AS compiled
ENV NODE_COMPILE_CACHE=/tmp/compile-cache
# `kill` ends a program that was started here.
# hadolint ignore=DL3001
RUN until_it_answers() { \
    url=$1; shift; \
    env NODE_ENV=development LOG_LEVEL=silent "$@" & \
    for _ in $(seq 240); do bash src/healthcheck.sh "$url" 2> /dev/null && break; sleep 0.5; done; \
    kill $!; wait $!; \
  }; \
  until_it_answers http://127.0.0.1:7071/livez \
    API_KEYS=build:build DATABASE_URL=postgres://127.0.0.1:1/none PAYMENT_GATEWAY_URL=http://127.0.0.1:1 \
    node --import ./src/telemetry/sdk.ts src/main.ts; \
  until_it_answers http://127.0.0.1:7072/health node lab/simulator/main.ts; \
  node src/postgres/migrate-main.ts; \
  TRAFFIC_RATE=none node lab/traffic/main.ts; \
  LOGS_PORT=none node lab/logs/main.ts - --count; \
  EVIDENCE_PORT=none node lab/evidence/main.ts; \
  chmod -R a+rX /tmp/compile-cache

FROM program
# A release adds its version, its commit and the address of its source.
LABEL org.opencontainers.image.title="observable-orders" \
  org.opencontainers.image.description="A reference order-processing microservice in TypeScript" \
  org.opencontainers.image.licenses="MIT"
COPY --from=compiled --chown=0:0 /tmp/compile-cache compile-cache
ENV NODE_COMPILE_CACHE=/app/compile-cache
CMD ["node", "--import", "./src/telemetry/sdk.ts", "src/main.ts"]
HEALTHCHECK --start-period=60s --start-interval=1s --interval=15s --timeout=5s \
  CMD ["bash", "src/healthcheck.sh", "http://127.0.0.1:7071/readyz"]
