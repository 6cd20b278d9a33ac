import { randomFillSync } from 'node:crypto';

/** Identifiers and times as telemetry holds them; none is a card number. */
export interface Identifier {
  kind: string;
  make(): string;
}

const pool = Buffer.alloc(64 * 1024);
let used = pool.length;

function randomHex(bytes: number): string {
  if (used + bytes > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const hex = pool.toString('hex', used, used + bytes);
  used += bytes;
  return hex;
}

function uuid(hex: string, version: string): string {
  const variant = '89ab'[Number.parseInt(hex.slice(16, 17), 16) % 4];
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${version}${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`;
}

/** Milliseconds: a moment between 2001 and 2038. */
const moment = () => 1e12 + Math.floor(Math.random() * 1.14e12);

export const identifiers: readonly Identifier[] = [
  // RFC 9562.
  { kind: 'UUID v4', make: () => uuid(randomHex(16), '4') },
  { kind: 'UUID v7', make: () => uuid(moment().toString(16).padStart(12, '0') + randomHex(10), '7') },
  { kind: 'order id in a path', make: () => `/orders/${uuid(randomHex(16), '7')}/cancel` },
  { kind: 'request id of a settlement', make: () => `settle-${uuid(randomHex(16), '7')}` },
  { kind: 'trace id', make: () => randomHex(16) },
  // W3C Trace Context and B3.
  { kind: 'traceparent', make: () => `00-${randomHex(16)}-${randomHex(8)}-01` },
  { kind: 'b3', make: () => `${randomHex(16)}-${randomHex(8)}-1-${randomHex(8)}` },
  { kind: 'SHA-1', make: () => randomHex(20) },
  { kind: 'SHA-256', make: () => randomHex(32) },
  { kind: 'milliseconds', make: () => String(moment()) },
  { kind: 'microseconds', make: () => String(moment() * 1000 + Math.floor(Math.random() * 1000)) },
  {
    kind: 'nanoseconds',
    make: () => `${moment()}${String(Math.floor(Math.random() * 1e6)).padStart(6, '0')}`,
  },
  { kind: 'ISO time', make: () => new Date(moment()).toISOString() },
  { kind: 'compact time', make: () => new Date(moment()).toISOString().replaceAll(/[-:.TZ]/g, '') },
];
