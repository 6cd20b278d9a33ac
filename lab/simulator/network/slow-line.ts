import type { Toxic } from './toxics.ts';

/** The downstream direction: delivers chunks in order, each when a slow network would deliver it. */
export interface SlowLine {
  push(chunk: Buffer): void;
  /** Closes the line after everything in transit. */
  end(): void;
  /** Whether the sender must pause: memory is bounded whatever the bandwidth. */
  isFull(): boolean;
  /** The receiver accepts data again. */
  resume(): void;
  /** Delivers everything in transit at once, after the network has changed. */
  hurry(): void;
  /** Drops everything in transit. @returns whether there was anything */
  discard(): boolean;
}

export interface SlowLineOptions {
  toxics(): readonly Toxic[];
  /** @returns whether the receiver accepts more at once */
  deliver(chunk: Buffer): boolean;
  close(): void;
  /** Called when the line is no longer full. */
  room(): void;
}

/** Maximum bytes in transit on one connection. */
const capacity = 1_048_576;
/** Transfer time of one piece, in milliseconds: a narrow line delivers a trickle rather than everything at the end. */
const pieceTime = 100;

export function createSlowLine({ toxics, deliver, close, room }: SlowLineOptions): SlowLine {
  /** An entry without a chunk marks the end. */
  let inTransit: Array<{ chunk?: Buffer; due: number }> = [];
  let bytes = 0;
  /** When the line finishes its last chunk, by `performance.now()`. */
  let busyUntil = 0;
  let blocked = false;
  let timer: NodeJS.Timeout | undefined;

  function run(): void {
    clearTimeout(timer);
    const now = performance.now();
    while (!blocked) {
      const next = inTransit[0];
      if (next === undefined) break;
      if (next.due > now) {
        timer = setTimeout(run, next.due - now);
        break;
      }
      inTransit.shift();
      bytes -= next.chunk?.length ?? 0;
      if (next.chunk === undefined) close();
      else blocked = !deliver(next.chunk);
    }
    if (bytes < capacity / 2) room();
  }

  return {
    push(chunk) {
      const { travel, perByte } = slownessOf(toxics());
      const piece = perByte === 0 ? chunk.length : Math.max(1, Math.floor(pieceTime / perByte));
      const earliest = performance.now() + travel;
      for (let start = 0; start < chunk.length; start += piece) {
        const part = chunk.subarray(start, start + piece);
        busyUntil = Math.max(earliest, busyUntil) + part.length * perByte;
        inTransit.push({ chunk: part, due: busyUntil });
      }
      bytes += chunk.length;
      run();
    },
    end() {
      const slow = toxics().find((toxic) => toxic.type === 'slow_close');
      inTransit.push({ due: Math.max(performance.now() + (slow?.delay ?? 0), busyUntil) });
      run();
    },
    isFull: () => bytes >= capacity,
    resume() {
      blocked = false;
      run();
    },
    hurry() {
      busyUntil = 0;
      for (const each of inTransit) each.due = 0;
      run();
    },
    discard() {
      clearTimeout(timer);
      const any = inTransit.length > 0;
      inTransit = [];
      bytes = 0;
      return any;
    },
  };
}

/** Extra latency of a chunk and transfer time of each of its bytes, in milliseconds. */
function slownessOf(toxics: readonly Toxic[]): { travel: number; perByte: number } {
  let travel = 0;
  let perByte = 0;
  for (const toxic of toxics) {
    if (toxic.type === 'latency') travel += toxic.latency + toxic.jitter * (2 * Math.random() - 1);
    // One kilobyte per second is one byte per millisecond.
    if (toxic.type === 'bandwidth') perByte += 1 / toxic.rate;
  }
  return { travel: Math.max(0, travel), perByte };
}
