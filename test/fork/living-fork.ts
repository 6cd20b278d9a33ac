import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { ForkNames } from '../../lab/fork/names.ts';

/** A fork that `npm start` runs. */
export interface LivingFork {
  apiUrl: string;
  adminUrl: string;
  stop(): Promise<void>;
}

/** Milliseconds until a fork must be ready. */
export const patience = 180_000;

const key = { authorization: 'Bearer demo-key' };

/** @throws an error with its output if it ends, or does not print its addresses within so many milliseconds */
export async function startFork(
  folder: string,
  within: number,
  env: Readonly<Record<string, string>> = {},
): Promise<LivingFork> {
  const child = spawn('npm', ['start'], {
    cwd: folder,
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      PORT: '0',
      ADMIN_PORT: '0',
      SIMULATOR_PORT: '0',
      CONSOLE_PORT: '0',
      NO_COLOR: '1',
      ...env,
    },
    // A group of its own: npm does not pass on every signal.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const kill = () => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGTERM');
  };
  process.once('exit', kill);
  const ended = once(child, 'exit').finally(() => process.off('exit', kill));
  let output = '';
  const addresses = new Promise<LivingFork>((resolve, reject) => {
    const read = (chunk: Buffer) => {
      output += chunk.toString();
      const [, apiUrl] = /API +(http\S+)/.exec(output) ?? [];
      const [, adminUrl] = /Admin +(http\S+)/.exec(output) ?? [];
      if (apiUrl !== undefined && adminUrl !== undefined) resolve({ apiUrl, adminUrl, stop });
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    ended.then(
      () => reject(new Error(`npm start has ended:\n${output}`)),
      (error: unknown) => reject(error),
    );
    setTimeout(() => reject(new Error(`npm start is not ready:\n${output}`)), within).unref();
  });
  async function stop(): Promise<void> {
    kill();
    await ended;
  }
  return addresses.catch(async (error: unknown) => {
    await stop();
    throw error;
  });
}

/** Starts a fork, and ends it. @returns the resident memory of its service after the start, in bytes */
export async function residentMemory(
  folder: string,
  within: number,
  env: Readonly<Record<string, string>>,
): Promise<number> {
  const fork = await startFork(folder, within, env);
  try {
    const { body } = await call(`${fork.adminUrl}/metrics`);
    return Number(/^process_resident_memory_bytes (\S+)/m.exec(String(body['text']))?.[1]);
  } finally {
    await fork.stop();
  }
}

/** The first resource. */
export async function createFirst({ apiUrl }: LivingFork, { plural }: ForkNames): Promise<Answer> {
  return call(`${apiUrl}/${plural}`, {
    method: 'POST',
    headers: { ...key, 'content-type': 'application/json', 'idempotency-key': 'first-1' },
    body: JSON.stringify({ reference: 'ref-42', quantity: 2 }),
  });
}

export interface Answer {
  status: number;
  headers: Headers;
  body: Record<string, unknown>;
}

async function call(url: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(url, init);
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') ?? false;
  return {
    status: response.status,
    headers: response.headers,
    body: isJson ? (JSON.parse(text) as Record<string, unknown>) : { text },
  };
}

/** What a new user would try next. @returns what is not as it should be */
export async function tryOut(fork: LivingFork, { plural }: ForkNames, first: Answer): Promise<string[]> {
  const url = `${fork.apiUrl}/${plural}`;
  const json = { ...key, 'content-type': 'application/json' };
  const post = (body: object, headers: Record<string, string> = {}) =>
    call(url, { method: 'POST', headers: { ...json, ...headers }, body: JSON.stringify(body) });
  const location = first.headers.get('location') ?? '';
  const wanted = { reference: 'ref-42', quantity: 2 };

  const replayed = await post(wanted, { 'idempotency-key': 'first-1' });
  const reused = await post({ ...wanted, quantity: 3 }, { 'idempotency-key': 'first-1' });
  const read = await call(`${fork.apiUrl}${location}`, { headers: key });
  const list = await call(`${url}?limit=1`, { headers: key });
  const invalid = await post({ reference: 'ref-42', quantity: 0 });
  const stranger = await call(url);
  const missing = await call(`${url}/019aa1c4-5f7e-7c3a-9d0b-2f4f6f1f9b11`, { headers: key });
  const docs = await call(`${fork.apiUrl}/docs`);
  const ready = await call(`${fork.adminUrl}/readyz`);
  const metrics = await call(`${fork.adminUrl}/metrics`);

  const expectations: Array<[what: string, holds: boolean]> = [
    ['a repeat is answered with the same resource', replayed.body['id'] === first.body['id']],
    ['a repeat says that it is one', replayed.headers.get('idempotency-replayed') === 'true'],
    ['a key of another request is refused with 422', reused.status === 422],
    ['the location leads to the resource', read.status === 200 && read.body['id'] === first.body['id']],
    ['the list has it', JSON.stringify(list.body).includes(String(first.body['id']))],
    ['an invalid request is refused with 400', invalid.status === 400],
    ['a stranger is refused with 401', stranger.status === 401],
    ['an unknown id is answered with 404', missing.status === 404],
    ['the documents are there', docs.status === 200],
    ['it is ready', ready.status === 200],
    [
      `metrics count ${plural}`,
      String(metrics.body['text']).includes(`${plural}_total{status="confirmed"} 1`),
    ],
  ];
  return expectations.filter(([, holds]) => !holds).map(([what]) => what);
}
