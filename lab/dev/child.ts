import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { StartupError } from '../../src/errors.ts';

/** A running child process that has announced itself. */
export interface Child {
  /** The members of its announcement, such as base URLs. */
  announced: Readonly<Record<string, unknown>>;
  pid: number;
  /** Resolves when it has ended, with a sentence that says how. */
  ended: Promise<string>;
  /** Stops it gracefully. */
  stop: () => Promise<void>;
  /** Sends it a message over the IPC channel; does nothing if it has ended. */
  send: (message: Readonly<Record<string, unknown>>) => void;
  /** Sends it a message and waits for its next one. @throws {StartupError} if it ends instead */
  ask: (message: Readonly<Record<string, unknown>>) => Promise<Readonly<Record<string, unknown>>>;
}

export interface ChildOptions {
  /** Its name in messages, as the start of a sentence. */
  name: string;
  /** Arguments of `node`. */
  args: readonly string[];
  env: Readonly<Record<string, string | undefined>>;
  /** Called with each line of its standard output. */
  onLine: (line: string) => void;
  /** Stops it if it has not announced itself by then. Default: nothing does. */
  signal?: AbortSignal | undefined;
}

/**
 * Starts a process and waits for its announcement. It ends with this process, even after `kill -9`: the closing IPC
 * channel makes it stop gracefully.
 *
 * @throws {StartupError} with its standard error, if it ends instead
 * @throws {unknown} the reason of the signal
 */
export async function startChild({ name, args, env, onLine, signal }: ChildOptions): Promise<Child> {
  signal?.throwIfAborted();
  const child = spawn(process.execPath, args, {
    env,
    // A process group of its own: Ctrl-C in a terminal reaches only the parent, which stops the children in order.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  if (child.stdout === null || child.stderr === null) throw new TypeError('A child process without output.');
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);

  createInterface({ input: child.stdout }).on('line', onLine);
  const complaint = collect(child.stderr);
  // 'close' follows 'exit' once all output has been read.
  const ended = once(child, 'close').then(() => {
    process.removeListener('exit', kill);
    return `${name} has ended, ${child.signalCode === null ? `with exit code ${child.exitCode}` : `by ${child.signalCode}`}.`;
  });

  const nextMessage = () =>
    new Promise<Readonly<Record<string, unknown>>>((resolve) => {
      child.once('message', (message) => resolve(typeof message === 'object' ? { ...message } : {}));
    });
  // A second signal would end it at once.
  let isAskedToEnd = false;
  const askToEnd = (): void => {
    if (!isAskedToEnd) child.kill('SIGTERM');
    isAskedToEnd = true;
  };
  signal?.addEventListener('abort', askToEnd);
  const first = await Promise.race([nextMessage(), ended]);
  signal?.removeEventListener('abort', askToEnd);
  // It may announce itself while it is asked to end.
  if (isAskedToEnd) await ended;
  signal?.throwIfAborted();
  if (typeof first === 'string') {
    throw new StartupError(complaint().trimEnd() || first);
  }
  process.stderr.write(complaint());
  child.stderr.pipe(process.stderr, { end: false });

  const stop = async (): Promise<void> => {
    askToEnd();
    await ended;
  };
  const send: Child['send'] = (message) => {
    // The callback ignores the error of a process that is just ending.
    if (child.connected) child.send(message, () => {});
  };
  const ask: Child['ask'] = async (message) => {
    const answer = nextMessage();
    send(message);
    const given = await Promise.race([answer, ended]);
    if (typeof given === 'string') throw new StartupError(given);
    return given;
  };
  return { announced: first, pid: child.pid ?? 0, ended, stop, send, ask };
}

/** A URL from the announcement. @throws {TypeError} if it has none under this name */
export function announcedUrl({ announced }: Child, name: string): string {
  const url = announced[name];
  if (typeof url !== 'string') throw new TypeError(`A child process announced no ${name}.`);
  return url;
}

/** Collects a stream until the returned function is called for the text. */
function collect(stream: Readable): () => string {
  const chunks: string[] = [];
  const take = (chunk: string): void => void chunks.push(chunk);
  stream.setEncoding('utf8').on('data', take);
  return () => {
    stream.off('data', take);
    return chunks.join('');
  };
}
