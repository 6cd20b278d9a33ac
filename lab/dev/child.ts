import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { StartupError } from '../../src/errors.ts';

/** A process of this project that has announced itself, and lives until it is stopped. */
export interface Child {
  /** Base URLs and the like, by name, as announced. */
  announced: Readonly<Record<string, unknown>>;
  pid: number;
  /** Resolves when it has ended, with a sentence on how. */
  ended: Promise<string>;
  /** Ends it in order. */
  stop: () => Promise<void>;
  /** Tells it something over their channel; nothing where it has ended. */
  tell: (message: Readonly<Record<string, unknown>>) => void;
  /** Tells it something, for its next message as the answer. @throws {StartupError} where it ends instead */
  ask: (message: Readonly<Record<string, unknown>>) => Promise<Readonly<Record<string, unknown>>>;
}

export interface ChildOptions {
  /** What messages call it, at the start of a sentence. */
  name: string;
  /** For `node`. */
  args: readonly string[];
  env: Readonly<Record<string, string | undefined>>;
  /** Gets each line of its standard output. */
  onLine: (line: string) => void;
}

/**
 * Starts a process and waits for its announcement. It ends when this process ends, even by `kill -9`: in order,
 * because then its channel to the parent closes.
 *
 * @throws {StartupError} with what it wrote to standard error, where it ends instead
 */
export async function startChild({ name, args, env, onLine }: ChildOptions): Promise<Child> {
  const child = spawn(process.execPath, args, {
    env,
    // A process group of its own: Ctrl-C in a terminal reaches the parent alone, which ends all in order.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  if (child.stdout === null || child.stderr === null) throw new TypeError('A child process without output.');
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);

  createInterface({ input: child.stdout }).on('line', onLine);
  const complaint = collect(child.stderr);
  // 'close' comes after 'exit', when the output has been read to its end.
  const ended = once(child, 'close').then(() => {
    process.removeListener('exit', kill);
    return `${name} has ended, ${child.signalCode === null ? `with exit code ${child.exitCode}` : `by ${child.signalCode}`}.`;
  });

  const nextMessage = () =>
    new Promise<Readonly<Record<string, unknown>>>((resolve) => {
      child.once('message', (message) => resolve(typeof message === 'object' ? { ...message } : {}));
    });
  const first = await Promise.race([nextMessage(), ended]);
  if (typeof first === 'string') throw new StartupError(complaint().trimEnd() || first);
  process.stderr.write(complaint());
  child.stderr.pipe(process.stderr, { end: false });

  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await ended;
  };
  const tell: Child['tell'] = (message) => {
    // One that is just ending is told in vain.
    if (child.connected) child.send(message, () => {});
  };
  const ask: Child['ask'] = async (message) => {
    const answer = nextMessage();
    tell(message);
    const given = await Promise.race([answer, ended]);
    if (typeof given === 'string') throw new StartupError(given);
    return given;
  };
  return { announced: first, pid: child.pid ?? 0, ended, stop, tell, ask };
}

/** A URL that the child has announced under this name. */
export function announcedUrl({ announced }: Child, name: string): string {
  const url = announced[name];
  if (typeof url !== 'string') throw new TypeError(`A child process has announced no ${name}.`);
  return url;
}

/** Reads until it is asked for the text. */
function collect(stream: Readable): () => string {
  const chunks: string[] = [];
  const take = (chunk: string): void => void chunks.push(chunk);
  stream.setEncoding('utf8').on('data', take);
  return () => {
    stream.off('data', take);
    return chunks.join('');
  };
}
