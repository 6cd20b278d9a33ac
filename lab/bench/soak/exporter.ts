import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import path from 'node:path';
import { BenchFailure } from '../shared/failure.ts';
import { startProcess } from '../shared/processes.ts';

/** The states of the telemetry receiver. */
export const exporters = {
  reachable: 'receives everything',
  unreachable: 'accepts connections and never answers, like a network that drops packets',
  refused: 'is a port on which nothing listens',
} as const;

export type Exporter = keyof typeof exporters;
export const exporterNames = Object.keys(exporters) as Exporter[];

/** @throws {BenchFailure} on an unknown name */
export function exportersOf(names: string): Exporter[] {
  return names.split(',').map((name) => {
    const found = exporterNames.find((each) => each === name.trim());
    if (found === undefined) throw new BenchFailure(`--exporter takes ${exporterNames.join(', ')}.`);
    return found;
  });
}

export interface Receiver extends AsyncDisposable {
  /** For OTEL_EXPORTER_OTLP_ENDPOINT. */
  url: string;
}

export async function startReceiver(exporter: Exporter, folder: string): Promise<Receiver> {
  switch (exporter) {
    case 'reachable':
      return startProcess({
        script: 'lab/bench/shared/otlp-sink.ts',
        env: {},
        logFile: path.join(folder, 'sink.log'),
      });
    case 'unreachable':
      return startBlackHole();
    case 'refused': {
      // A port that was just released is not reused soon.
      const hole = await startBlackHole();
      await hole[Symbol.asyncDispose]();
      return { url: hole.url, [Symbol.asyncDispose]: () => Promise.resolve() };
    }
  }
}

async function startBlackHole(): Promise<Receiver> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    socket.resume();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
