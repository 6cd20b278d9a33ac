import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { Redis } from 'ioredis';
import { freePort } from './free-port.ts';
import { stackImage } from './stack-image.ts';

/** A real Redis for one test. It keeps nothing on disk, so it is empty after a restart. */
export interface RedisServer extends AsyncDisposable {
  url: string;
  /** Sends a command over a connection of its own. */
  command(name: string, ...args: Array<string | number>): Promise<unknown>;
  /** kill -9 */
  kill(): Promise<void>;
  /** Starts it again, at the same address. */
  start(): Promise<void>;
}

/** @param settings further options of the program, such as `--maxmemory`, `1mb` */
export async function startRedisServer(...settings: string[]): Promise<RedisServer> {
  const port = await freePort();
  const run = process.env['TEST_REDIS'] === 'containers' ? runContainer : runProcess;
  const url = `redis://127.0.0.1:${port}`;
  let running: Running | undefined = await run(port, settings);
  const kill = async () => {
    await running?.kill();
    running = undefined;
  };
  return {
    url,
    async command(name, ...args) {
      const client = new Redis(url, {
        lazyConnect: true,
        maxRetriesPerRequest: 0,
        retryStrategy: () => null,
      });
      client.on('error', () => {});
      await client.connect();
      try {
        return await client.call(name, args.map(String));
      } finally {
        client.disconnect();
      }
    },
    kill,
    async start() {
      running ??= await run(port, settings);
    },
    [Symbol.asyncDispose]: kill,
  };
}

interface Running {
  kill(): Promise<void>;
}

const program = 'redis-server';

async function runProcess(port: number, further: string[]): Promise<Running> {
  const folder = await mkdtemp(path.join(tmpdir(), 'orders-redis-'));
  const settings = [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--save',
    '',
    '--appendonly',
    'no',
    ...further,
  ];
  const server = spawn(program, settings, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(server, 'exit');
  const kill = async () => {
    server.kill('SIGKILL');
    await exited;
    await rm(folder, { recursive: true });
  };
  try {
    await Promise.race([
      isReady(server),
      exited.then(([code]) => failToStart(`it ended with ${String(code)}`)),
    ]);
  } catch (error) {
    await (server.pid === undefined ? rm(folder, { recursive: true }) : kill());
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      throw new Error(
        `${program} is not on the PATH, and these tests need a real one. Install it (apt-get install redis-server, ` +
          'brew install redis), or have them start one in Docker with TEST_REDIS=containers.',
        { cause: error },
      );
    }
    throw error;
  }
  // Further output must not fill the pipe.
  server.stdout.resume();
  return { kill };
}

/** @throws the error of `spawn` */
async function isReady(server: ChildProcess): Promise<void> {
  if (server.pid === undefined) throw (await once(server, 'error'))[0];
  if (server.stdout === null) failToStart('it has no output');
  else for await (const line of createInterface(server.stdout)) if (line.includes('Ready to accept')) return;
}

function failToStart(how: string): never {
  throw new Error(`${program} did not start: ${how}`);
}

async function runContainer(port: number, further: string[]): Promise<Running> {
  const { GenericContainer, Wait } = await import('testcontainers');
  const container = await new GenericContainer(await stackImage('valkey'))
    .withCommand(['valkey-server', '--save', '', '--appendonly', 'no', ...further])
    // The port stays the same after a restart.
    .withExposedPorts({ container: 6379, host: port })
    .withWaitStrategy(Wait.forLogMessage(/Ready to accept/))
    .start();
  return { kill: async () => void (await container.stop({ timeout: 0 })) };
}
