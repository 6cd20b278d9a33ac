import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { Duplex } from 'node:stream';
import { BenchFailure } from './failure.ts';
import type { MeasuredProcess } from './processes.ts';

/** Length of a clock tick of `/proc` in microseconds. Linux reports it as 10 ms whatever its own timer does. */
const tick = 10_000;

/**
 * Starts a program that is not a Node script and waits until it listens: it writes the line `{"url": …}` to the socket
 * whose file descriptor `ANNOUNCE_FD` names. It ends with this process, even if this one is killed, because that socket
 * closes. Linux only.
 *
 * @throws {BenchFailure} if it exits instead
 */
export async function startNativeProcess(options: {
  binary: string;
  /** The whole environment, apart from `ANNOUNCE_FD`. */
  env: Readonly<Record<string, string>>;
  /** File for its standard output. This process would have to read a pipe, at the expense of the load. */
  logFile: string;
}): Promise<MeasuredProcess> {
  const log = await open(options.logFile, 'w');
  const child = spawn(options.binary, {
    env: { ...options.env, ANNOUNCE_FD: '3' },
    // Out of reach of Ctrl-C in a terminal, so that this process can end all processes in order.
    detached: true,
    stdio: ['ignore', log.fd, 'inherit', 'pipe'],
  });
  const ended = once(child, 'exit');
  await log.close();

  const socket = child.stdio[3];
  if (!(socket instanceof Duplex)) throw new BenchFailure(`${options.binary} has no socket to announce on.`);
  const announced = once(createInterface(socket), 'line').then(([line]) => String(line));
  const line = await Promise.race([announced, ended.then(() => undefined)]);
  if (line === undefined) throw new BenchFailure(`${options.binary} has exited; its output is above.`);
  const { url } = JSON.parse(line) as { url: string };
  return {
    url,
    async cpuTime() {
      const stat = await readFile(`/proc/${child.pid}/stat`, 'utf8');
      return cpuTimeIn(stat);
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/**
 * User and system time of all threads, in microseconds.
 *
 * @see https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
 */
function cpuTimeIn(stat: string): number {
  // The second field is the name in parentheses, which may contain spaces and parentheses. The state is the third.
  const fromState = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fromState[11]) + Number(fromState[12])) * tick;
}
