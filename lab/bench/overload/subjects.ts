import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../../harness/free-port.ts';
import { type HaProxy, startHaProxy } from '../../harness/haproxy.ts';
import { BenchFailure } from '../shared/failure.ts';
import { cores, pin } from './pinning.ts';
import { type BenchProcess, startProcess } from '../shared/processes.ts';
import { environmentOf } from '../shared/subjects.ts';
import type { Surroundings } from '../shared/surroundings.ts';

/** A service, and where its clients reach it. */
export interface Subject extends AsyncDisposable {
  process: BenchProcess;
  /** Base URL of the API: that of the service, or of the proxy in front of it. */
  url: string;
}

/** Starts services, each with its own database: the backlog of one overload would slow the next. */
export type StartSubject = (
  env: Readonly<Record<string, string>>,
  place?: { pinned?: boolean; proxied?: boolean },
) => Promise<Subject>;

export function subjectsIn({ server, simulator, folder }: Surroundings): StartSubject {
  let count = 0;
  return async (env, { pinned = false, proxied = false } = {}) => {
    await using started = new AsyncDisposableStack();
    count += 1;
    const database = started.use(await server.createDatabase(`overload_${count}`));
    const agentPort = proxied ? await freePort() : undefined;
    const subject = started.use(
      await startProcess({
        script: 'src/main.ts',
        env: {
          ...environmentOf(database, simulator),
          ...env,
          ...(agentPort !== undefined && { AGENT_PORT: String(agentPort), TRUST_PROXY: '1' }),
          // More than the generator opens.
          HTTP_MAX_CONNECTIONS: '10000',
          OTEL_SDK_DISABLED: 'true',
        },
        logFile: path.join(folder, `service_${count}.log`),
      }),
    );
    if (pinned) await pin(subject.pid, cores.serving);
    let { url } = subject;
    if (agentPort !== undefined) {
      const proxy = started.use(await startHaProxy([{ url, adminUrl: subject.adminUrl ?? url, agentPort }]));
      if (pinned) await pin(proxy.pid, cores.loading);
      await untilAgentIsAsked(proxy);
      ({ url } = proxy);
    }
    const owned = started.move();
    return { process: subject, url, [Symbol.asyncDispose]: () => owned.disposeAsync() };
  };
}

/** Until then, the proxy has the number of requests at a time that is in its configuration. */
async function untilAgentIsAsked({ target }: HaProxy): Promise<void> {
  const limit = /^haproxy_server_limit_sessions\{proxy="orders",server="orders-1"\} (\d+)$/m;
  for (let tries = 0; tries < 100; tries += 1) {
    const [, sessions] = limit.exec(await (await fetch(`http://${target}/metrics`)).text()) ?? [];
    if (sessions !== undefined && sessions !== '400') return;
    await delay(100);
  }
  throw new BenchFailure('HAProxy has not asked the service how many requests it takes.');
}

export async function setGatewayLatency({ url }: BenchProcess, latencyMs: number): Promise<void> {
  await fetch(`${url}/faults`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ latencyMs }),
  });
}
