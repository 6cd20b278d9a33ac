import { randomInt } from 'node:crypto';
import { createServer, type Server } from 'node:net';
import { StartupError } from '../../src/errors.ts';

/** Published ports on 127.0.0.1, with the numbers and variables of docker-compose.yml. 0 takes any free port. */
const published = {
  API_PORT: 7070,
  ADMIN_PORT: 7071,
  SIMULATOR_PORT: 7072,
  GRAFANA_PORT: 7074,
  JAEGER_PORT: 7075,
  PROMETHEUS_PORT: 7076,
  LOKI_PORT: 7077,
  OTLP_PORT: 7078,
  ALERTMANAGER_PORT: 7079,
  EVIDENCE_PORT: 7081,
} as const;

/** Ports between the parts, which have no private network here. Any free port. */
const internal = [
  'COLLECTOR_HEALTH',
  'COLLECTOR_METRICS',
  'COLLECTOR_PROMETHEUS',
  'JAEGER_OTLP',
  'JAEGER_HEALTH',
  'JAEGER_GRPC',
  'LOKI_GRPC',
  'REDIS',
  'TRAFFIC',
] as const;

export type Ports = Readonly<Record<keyof typeof published | (typeof internal)[number], number>>;

/**
 * @param otherFaults of the environment, which are named with those of the ports
 * @throws {StartupError} if ports are in use; it names each of them and the variable that changes it
 */
export async function choosePorts(
  env: Readonly<Record<string, string | undefined>>,
  otherFaults: readonly string[] = [],
): Promise<Ports> {
  const faults = [...otherFaults];
  // All ports stay open until the last is chosen, so that none is chosen twice.
  const held: Server[] = [];
  const chosen: Record<string, number> = {};
  async function choose(name: string, wanted: number): Promise<void> {
    const probe = wanted === 0 ? await listenOnFreePort() : await listenOn(wanted);
    if (probe === undefined) {
      faults.push(`Port ${wanted} is in use. Set ${name} to another port, or to 0 for any free one.`);
      return;
    }
    held.push(probe);
    const address = probe.address();
    if (typeof address === 'object' && address !== null) chosen[name] = address.port;
  }

  try {
    for (const [name, usual] of Object.entries(published)) {
      const wanted = Number(env[name] || usual);
      if (Number.isInteger(wanted) && wanted >= 0 && wanted <= 65_535) await choose(name, wanted);
      else faults.push(`${name} must be a whole number from 0 to 65535, not "${env[name]}"`);
    }
    for (const name of internal) await choose(name, 0);
  } finally {
    await Promise.all(held.map((probe) => new Promise((resolve) => void probe.close(resolve))));
  }
  if (faults.length > 0) throw new StartupError(faults.join('\n'));
  return chosen as Ports;
}

/** Free ports only, for a stack that needs no well-known addresses. */
export const anyPorts = (): Promise<Ports> =>
  choosePorts(Object.fromEntries(Object.keys(published).map((name) => [name, '0'])));

/**
 * Avoids the system's ephemeral range: an outgoing connection could take such a port before the program that it is meant for
 * has started.
 */
async function listenOnFreePort(): Promise<Server> {
  for (;;) {
    const probe = await listenOn(randomInt(20_000, 30_000));
    if (probe !== undefined) return probe;
  }
}

/** Resolves to `undefined` if the port is in use. */
function listenOn(port: number): Promise<Server | undefined> {
  const probe = createServer();
  const { promise, resolve } = Promise.withResolvers<Server | undefined>();
  probe.once('error', () => resolve(undefined));
  probe.listen(port, '127.0.0.1', () => resolve(probe));
  return promise;
}
