import type { Toxic } from './toxics.ts';

/** The way of the answers: in order, each when a slow network would have brought it. */
export interface SlowLine {
  push(chunk: Buffer): void;
  /** Closes it behind all that is under way. */
  end(): void;
  /** Whether nobody should push more: memory has an end, whatever the bandwidth. */
  isFull(): boolean;
  /** Whoever is at its end takes more again. */
  resume(): void;
  /** The network has changed: what is under way arrives at once. */
  hurry(): void;
  /** @returns whether anything was under way */
  discard(): boolean;
}

export interface SlowLineOptions {
  toxics(): readonly Toxic[];
  /** @returns whether it takes more at once */
  deliver(chunk: Buffer): boolean;
  close(): void;
  /** It is no longer full. */
  room(): void;
}

/** Bytes under way, on one connection. */
const capacity = 1_048_576;
/** Milliseconds that a piece is in transfer: a thin line brings little by little, and not all at the end. */
const pieceTime = 100;

export function createSlowLine({ toxics, deliver, close, room }: SlowLineOptions): SlowLine {
  /** Without a chunk it is the end. */
  let underWay: Array<{ chunk?: Buffer; due: number }> = [];
  let bytes = 0;
  /** When the last chunk is out, by `performance.now()`. */
  let busyUntil = 0;
  let blocked = false;
  let timer: NodeJS.Timeout | undefined;

  function run(): void {
    clearTimeout(timer);
    const now = performance.now();
    while (!blocked) {
      const next = underWay[0];
      if (next === undefined) break;
      if (next.due > now) {
        timer = setTimeout(run, next.due - now);
        break;
      }
      underWay.shift();
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
        underWay.push({ chunk: part, due: busyUntil });
      }
      bytes += chunk.length;
      run();
    },
    end() {
      const slow = toxics().find((toxic) => toxic.type === 'slow_close');
      underWay.push({ due: Math.max(performance.now() + (slow?.delay ?? 0), busyUntil) });
      run();
    },
    isFull: () => bytes >= capacity,
    resume() {
      blocked = false;
      run();
    },
    hurry() {
      busyUntil = 0;
      for (const each of underWay) each.due = 0;
      run();
    },
    discard() {
      clearTimeout(timer);
      const any = underWay.length > 0;
      underWay = [];
      bytes = 0;
      return any;
    },
  };
}

/** Milliseconds that a chunk takes longer, and that each of its bytes takes. */
function slownessOf(toxics: readonly Toxic[]): { travel: number; perByte: number } {
  let travel = 0;
  let perByte = 0;
  for (const toxic of toxics) {
    if (toxic.type === 'latency') travel += toxic.latency + toxic.jitter * (2 * Math.random() - 1);
    // Kilobytes a second are bytes a millisecond.
    if (toxic.type === 'bandwidth') perByte += 1 / toxic.rate;
  }
  return { travel: Math.max(0, travel), perByte };
}
