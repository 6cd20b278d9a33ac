import path from 'node:path';
import { type BenchProcess, startProcess } from '../shared/processes.ts';
import { environmentOf } from '../shared/subjects.ts';
import type { Surroundings } from '../shared/surroundings.ts';

/** Starts services, each with its own database: the backlog of one overload would slow the next. */
export type StartSubject = (
  env: Readonly<Record<string, string>>,
) => Promise<AsyncDisposable & { process: BenchProcess }>;

export function subjectsIn({ server, simulator, folder }: Surroundings): StartSubject {
  let count = 0;
  return async (env) => {
    await using started = new AsyncDisposableStack();
    count += 1;
    const database = started.use(await server.createDatabase(`overload_${count}`));
    const subject = started.use(
      await startProcess({
        script: 'src/main.ts',
        env: {
          ...environmentOf(database, simulator),
          ...env,
          // More than the generator opens.
          HTTP_MAX_CONNECTIONS: '10000',
          OTEL_SDK_DISABLED: 'true',
        },
        logFile: path.join(folder, `service_${count}.log`),
      }),
    );
    const owned = started.move();
    return { process: subject, [Symbol.asyncDispose]: () => owned.disposeAsync() };
  };
}

export async function setGatewayLatency({ url }: BenchProcess, latencyMs: number): Promise<void> {
  await fetch(`${url}/faults`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ latencyMs }),
  });
}
