import { createWriteStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Capture, ProfileKind } from './captures.ts';

/** The calls to the admin listener of one replica. Each is bounded in time and in bytes, and none follows a redirect. */

/** Milliseconds for a call that should be answered at once. A replica whose event loop stands still answers none. */
const patience = 5000;
/** Milliseconds beyond the length of a profile: V8 assembles it, and it is sent. */
const profilePatience = 20_000;
/** A profile of a minute has a few. */
export const largestProfile = 16 * 1_048_576;
const largestAnswer = 65_536;

export interface Call {
  /** `address:port`. */
  target: string;
  /** Aborts the call when this program ends. */
  signal: AbortSignal;
}

/** Streams a profile into the file `<kind>.<kind>profile` of the folder. */
export async function takeProfile(
  call: Call,
  { kind, seconds, folder }: { kind: ProfileKind; seconds: number; folder: string },
): Promise<{ kind: 'taken'; file: string; bytes: number } | { kind: 'not_taken'; reason: string }> {
  const file = `${kind}.${kind}profile`;
  try {
    const route = `/profile/${kind}?seconds=${seconds}`;
    const response = await ask(call, 'POST', route, { within: 1000 * seconds + profilePatience });
    if (!response.ok || response.body === null)
      return { kind: 'not_taken', reason: await refusalOf(response) };
    let bytes = 0;
    const counted = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        bytes += chunk.length;
        done(bytes > largestProfile ? new TooLarge() : null, chunk);
      },
    });
    const written = createWriteStream(path.join(folder, file), { flags: 'wx', mode: 0o600 });
    await pipeline(Readable.fromWeb(response.body), counted, written);
    return { kind: 'taken', file, bytes };
  } catch (error) {
    return { kind: 'not_taken', reason: faultOf(error) };
  }
}

/** Saves the answer of `/status`. Returns the name of the file; `undefined` without an answer. */
export async function saveStatus(call: Call, folder: string): Promise<string | undefined> {
  try {
    const response = await ask(call, 'GET', '/status');
    const text = await readText(response);
    if (!response.ok) return undefined;
    await writeFile(path.join(folder, 'status.json'), text, { mode: 0o600 });
    return 'status.json';
  } catch {
    return undefined;
  }
}

interface Levels {
  level?: unknown;
  until?: unknown;
  components?: Record<string, { until?: unknown }>;
}

/**
 * Raises the log level for some minutes. A level that somebody has changed for a time, or that shows as much already, is left
 * alone: whoever set it is looking.
 */
export async function raiseLogLevel(
  call: Call,
  { level, minutes }: { level: string; minutes: number },
): Promise<Capture['logLevel']> {
  const unchanged = (reason: string) => ({ kind: 'unchanged' as const, reason });
  if (minutes === 0) return unchanged('EVIDENCE_LOG_MINUTES is 0');
  try {
    const before = await ask(call, 'GET', '/log-level');
    if (!before.ok) return unchanged(await refusalOf(before));
    const levels = JSON.parse(await readText(before)) as Levels;
    const all = [levels, ...Object.values(levels.components ?? {})];
    if (all.some(({ until }) => until !== undefined))
      return unchanged('somebody has changed it for a time already');
    if (levels.level === 'debug' || levels.level === 'trace')
      return unchanged(`it is ${levels.level} already`);
    const until = new Date(Date.now() + 60_000 * minutes).toISOString();
    const response = await ask(call, 'PUT', '/log-level', { body: { level, minutes } });
    if (!response.ok) return unchanged(await refusalOf(response));
    await response.body?.cancel();
    return { kind: 'raised', level, until };
  } catch (error) {
    return unchanged(faultOf(error));
  }
}

class TooLarge extends Error {
  override readonly name = 'TooLarge';
}

async function ask(
  { target, signal }: Call,
  method: 'GET' | 'POST' | 'PUT',
  route: string,
  { body, within = patience }: { body?: object; within?: number } = {},
): Promise<Response> {
  return fetch(`http://${target}${route}`, {
    method,
    // Whoever answers at a configured address must not lead this program to another one.
    redirect: 'error',
    signal: AbortSignal.any([signal, AbortSignal.timeout(within)]),
    ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
}

async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > largestAnswer) throw new TooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** The status with the problem code, which is all of an answer that is repeated. */
async function refusalOf(response: Response): Promise<string> {
  const text = await readText(response).catch(() => '');
  const code = /"code":"([a-z_]{1,40})"/.exec(text)?.[1];
  const advice = code === 'profiling_disabled' ? ': set PROFILING=on and restart the service' : '';
  return `the admin listener answered ${response.status}${code === undefined ? '' : ` ${code}`}${advice}`;
}

function faultOf(error: unknown): string {
  if (error instanceof TooLarge) return 'the answer is too large';
  if (!(error instanceof Error)) return 'it failed';
  if (error.name === 'TimeoutError')
    return 'the admin listener did not answer in time: the event loop stands still, or the process is overloaded';
  if (error.name === 'AbortError') return 'the receiver was stopped';
  // fetch() has the faults of the network as causes.
  if ('syscall' in error && 'code' in error)
    return `the receiver cannot write it to its disk (${String(error.code)})`;
  const { cause } = error;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : error.name;
  return `the admin listener cannot be reached (${code})`;
}
