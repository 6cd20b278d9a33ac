import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { answers } from '../../stack/native/program.ts';
import { freePort } from './free-port.ts';
import { isProgram, pathOf } from './path-of.ts';

/** Where a replica listens. */
export interface ProxiedReplica {
  url: string;
  adminUrl: string;
  /** Without it, its number of requests at a time is the one in the configuration. */
  agentPort?: number;
}

/** A real HAProxy in front of replicas, with the configuration of the stack. */
export interface HaProxy extends AsyncDisposable {
  /** Base URL of the API. */
  url: string;
  /** Base URL of the admin listener of an arbitrary replica. */
  adminUrl: string;
  /** `host:port` of its metrics, for Prometheus. */
  target: string;
  pid: number;
}

export const haproxyConfigFile = path.resolve(import.meta.dirname, '../../stack/haproxy/haproxy.cfg');

/** Debian installs it where only root looks for programs. */
const debian = '/usr/sbin/haproxy';

export function findHaProxy(): string | undefined {
  return process.env['HAPROXY_PATH'] ?? pathOf('haproxy') ?? (isProgram(debian) ? debian : undefined);
}

/**
 * @param edit changes the configuration further
 * @throws {Error} with HAProxy's own words if it does not start
 */
export async function startHaProxy(
  replicas: readonly ProxiedReplica[],
  edit: (config: string) => string = (config) => config,
): Promise<HaProxy> {
  const program = findHaProxy();
  if (program === undefined) throw new Error('haproxy is not installed.');
  const ports = { api: await freePort(), admin: await freePort(), status: await freePort() };
  const folder = await mkdtemp(path.join(tmpdir(), 'orders-haproxy-'));
  const file = path.join(folder, 'haproxy.cfg');
  await writeFile(file, edit(atAddresses(await readFile(haproxyConfigFile, 'utf8'), ports, replicas)));
  const child = spawn(program, ['-db', '-f', file], { stdio: ['ignore', 'ignore', 'pipe'] });
  const complaints = text(child.stderr);
  const exited = once(child, 'exit');
  const target = `127.0.0.1:${ports.status}`;
  const ended = exited.then(() => true);
  while (!(await answers(`http://${target}/healthy`))) {
    const dead = await Promise.race([ended, delay(20, false)]);
    if (dead) throw new Error(`${program} did not start:\n${await complaints}`);
  }
  return {
    url: `http://127.0.0.1:${ports.api}`,
    adminUrl: `http://127.0.0.1:${ports.admin}`,
    target,
    pid: child.pid ?? 0,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await exited;
      await rm(folder, { recursive: true });
    },
  };
}

/** Replaces the addresses of the containers: one line for each replica in place of those that Docker's DNS returns. */
function atAddresses(
  config: string,
  ports: { api: number; admin: number; status: number },
  replicas: readonly ProxiedReplica[],
): string {
  return config
    .replace('bind :7070', `bind 127.0.0.1:${ports.api}`)
    .replace('bind :7071', `bind 127.0.0.1:${ports.admin}`)
    .replace('bind :8405', `bind 127.0.0.1:${ports.status}`)
    .replaceAll(/^ *server-template \S+ \d+ orders:(\d+) .*$/gm, (_line, port: string) =>
      replicas
        .map(({ url, adminUrl, agentPort }, index) => {
          const { host } = new URL(port === '7070' ? url : adminUrl);
          const agent = agentPort === undefined ? 'no-agent-check' : `agent-port ${agentPort}`;
          return `    server orders-${index + 1} ${host} port ${new URL(adminUrl).port} ${agent}`;
        })
        .join('\n'),
    );
}
