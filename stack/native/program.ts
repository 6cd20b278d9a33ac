import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { StartupError } from '../../src/errors.ts';

export interface ProgramOptions {
  name: string;
  command: string;
  args: readonly string[];
  env?: Readonly<Record<string, string>>;
  cwd?: string;
  /** File for its output. It is emptied at the start. */
  logFile: string;
  /** Polled until it resolves to true. */
  ready: () => Promise<boolean>;
}

/** A program that runs until it is stopped, and is restarted if it dies. */
export interface Program {
  name: string;
  logFile: string;
  /** Id of the current process; `undefined` during a restart. */
  pid(): number | undefined;
  stop(): Promise<void>;
}

/** Milliseconds. */
const startDeadline = 60_000;
const stopDeadline = 10_000;
/** As in container runtimes, so that failures look the same in both. */
const restartDelay = 1000;

/**
 * Starts the program and waits until it is ready. It ends with this process, even if this process is killed.
 *
 * @throws {StartupError} with the end of its log, if it exits or does not become ready
 */
export async function startProgram(options: ProgramOptions): Promise<Program> {
  const { name, logFile, ready } = options;
  const stopping = new AbortController();
  let child = await launch(options, 'w');
  let running: ChildProcess | undefined = child;

  const deadline = Date.now() + startDeadline;
  while (!(await ready())) {
    if (child.exitCode !== null || child.signalCode !== null)
      throw await failure('exited during its start', options);
    if (Date.now() > deadline) {
      await end(child);
      throw await failure(`was not ready after ${startDeadline / 1000} s`, options);
    }
    await sleep(100);
  }

  const kept = keepRunning();
  async function keepRunning(): Promise<void> {
    for (;;) {
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      running = undefined;
      if (stopping.signal.aborted) return;
      await sleep(restartDelay, undefined, { signal: stopping.signal }).catch(() => undefined);
      if (stopping.signal.aborted) return;
      child = await launch(options, 'a');
      running = child;
    }
  }

  return {
    name,
    logFile,
    pid: () => running?.pid,
    async stop() {
      stopping.abort();
      if (running) await end(running);
      await kept;
    },
  };
}

async function launch(options: ProgramOptions, flags: 'w' | 'a'): Promise<ChildProcess> {
  const { command, args, env = {}, cwd, logFile } = options;
  const log = await open(logFile, flags);
  try {
    const child = spawn(command, args, {
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
      ...(cwd !== undefined && { cwd }),
      // Out of reach of Ctrl-C in a terminal, so that programs end in the reverse order of their start.
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
    });
    await once(child, 'spawn');
    endWithThisProcess(child);
    return child;
  } catch (cause) {
    throw new StartupError(`${command} does not run on this machine.`, { cause });
  } finally {
    await log.close();
  }
}

/** A shell waits for the end of its input, which comes when this process is gone, and then kills the child. */
function endWithThisProcess(child: ChildProcess): void {
  const watchdog = spawn('/bin/sh', ['-c', 'read -r _; kill "$0"', String(child.pid)], {
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  watchdog.on('error', () => undefined);
  watchdog.unref();
  child.once('exit', () => watchdog.kill('SIGKILL'));
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  // A process stopped by SIGSTOP handles no other signal before this one.
  child.kill('SIGCONT');
  child.kill('SIGTERM');
  const cutOff = setTimeout(() => child.kill('SIGKILL'), stopDeadline);
  await ended;
  clearTimeout(cutOff);
}

async function failure(what: string, { name, logFile }: ProgramOptions): Promise<StartupError> {
  const text = await readFile(logFile, 'utf8').catch(() => '');
  const last = text.trimEnd().split('\n').slice(-8).join('\n');
  return new StartupError(`${name} ${what}. The end of ${logFile}:\n${last}`);
}

/** Whether the URL answers with a status below 400. */
export async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(1000) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}
