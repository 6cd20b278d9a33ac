import { hash, randomUUID } from 'node:crypto';
import type { DeclineCode } from './test-tokens.ts';

/**
 * What the gateway did for each idempotency key. Records stay until `clear`, unless the ledger has a capacity, which a
 * run of several weeks needs.
 */

export interface ChargeRequest {
  key: string;
  /** In minor units of the currency. */
  amountMinor: number;
  /** ISO 4217. */
  currency: string;
  paymentToken: string;
  /** The caller's own name for the purchase. */
  reference?: string;
}

interface Requested {
  key: string;
  amountMinor: number;
  currency: string;
  reference: string | null;
  /** ISO 8601, like every time in this file. */
  createdAt: string;
}

export interface SucceededCharge extends Requested {
  status: 'succeeded';
  chargeId: string;
}

export interface DeclinedCharge extends Requested {
  status: 'declined';
  chargeId: null;
  declineCode: DeclineCode;
}

/** Captured once and refunded since. */
export interface CancelledCharge extends Requested {
  status: 'cancelled';
  chargeId: string;
  cancelledAt: string;
}

/** Cancelled before any charge arrived: the key is used up, and a late charge is refused. */
export interface CancelledKey {
  key: string;
  status: 'cancelled';
  chargeId: null;
  createdAt: string;
  cancelledAt: string;
}

type State = SucceededCharge | DeclinedCharge | CancelledCharge | CancelledKey;

interface Traffic {
  /** Charge requests with this key, including those that a fault answered. */
  attempts: number;
  /** How often the card was charged, counted where it is charged. Any value above 1 is a double charge. */
  captures: number;
  /** `x-request-id` of the first charge request with this key. */
  requestId: string | null;
}

export type LedgerRecord = State & Traffic;

export type ChargeOutcome =
  | { kind: 'answered'; charge: SucceededCharge | DeclinedCharge; replayed: boolean }
  /** The key belongs to a different charge. */
  | { kind: 'key_reused' }
  | { kind: 'cancelled' };

interface Account {
  traffic: Traffic;
  /** Missing while faults have answered every request with this key. */
  state?: State;
  /** Digest of the request that made the charge. A digest, because a ledger must not hold card tokens. */
  fingerprint?: string;
}

export interface Totals {
  /** Charges that were made and not refunded. */
  captured: number;
  /** Their sum in minor units, by currency. */
  capturedMinor: Record<string, number>;
  declined: number;
  cancelled: number;
  /** Captured charges beyond the first for the same `reference`: the customer paid twice. */
  duplicates: number;
}

/**
 * Every method is synchronous, so concurrent requests with one key cannot interleave.
 *
 * @param options.capacity maximum number of records; a new one evicts the oldest. Default: unbounded
 */
export function createLedger({ capacity = Infinity }: { capacity?: number | undefined } = {}) {
  const accounts = new Map<string, Account>();

  function accountOf(key: string): Account {
    const known = accounts.get(key);
    if (known !== undefined) return known;
    const opened: Account = { traffic: { attempts: 0, captures: 0, requestId: null } };
    accounts.set(key, opened);
    const [oldest] = accounts.size > capacity ? accounts.keys() : [];
    if (oldest !== undefined) accounts.delete(oldest);
    return opened;
  }

  return {
    /** Counts a charge request. @returns the number of requests with its key, including this one */
    arrive(key: string, requestId: string | undefined): number {
      const { traffic } = accountOf(key);
      if (traffic.attempts === 0) traffic.requestId = requestId ?? null;
      traffic.attempts += 1;
      return traffic.attempts;
    },

    /** Charges the card at most once per key. @param declineCode why the bank refuses; omitted if it approves */
    charge(request: ChargeRequest, declineCode?: DeclineCode): ChargeOutcome {
      const account = accountOf(request.key);
      const fingerprint = fingerprintOf(request);
      if (account.state?.status === 'cancelled') return { kind: 'cancelled' };
      if (account.state !== undefined) {
        if (account.fingerprint !== fingerprint) return { kind: 'key_reused' };
        return { kind: 'answered', charge: account.state, replayed: true };
      }
      const charge = declineCode === undefined ? succeeded(request) : declined(request, declineCode);
      if (charge.status === 'succeeded') account.traffic.captures += 1;
      account.state = charge;
      account.fingerprint = fingerprint;
      return { kind: 'answered', charge, replayed: false };
    },

    /** Refunds a charge, or prevents it. A declined or cancelled key keeps its state. */
    cancel(key: string): LedgerRecord {
      const account = accountOf(key);
      const state = cancelled(key, account.state);
      account.state = state;
      return { ...state, ...account.traffic };
    },

    find(key: string): LedgerRecord | undefined {
      const account = accounts.get(key);
      return account && recordOf(account);
    },

    /** All records, in the order of their keys' first request. */
    records(): LedgerRecord[] {
      return [...accounts.values()].flatMap((account) => recordOf(account) ?? []);
    },

    clear(): void {
      accounts.clear();
    },
  };
}

export type Ledger = ReturnType<typeof createLedger>;

export function totalsOf(records: readonly LedgerRecord[]): Totals {
  const captured = records.filter((record) => record.status === 'succeeded');
  const capturedMinor: Record<string, number> = {};
  for (const { currency, amountMinor } of captured) {
    capturedMinor[currency] = (capturedMinor[currency] ?? 0) + amountMinor;
  }
  const references = captured.flatMap(({ reference }) => reference ?? []);
  return {
    captured: captured.length,
    capturedMinor,
    declined: records.filter(({ status }) => status === 'declined').length,
    cancelled: records.filter(({ status }) => status === 'cancelled').length,
    duplicates: references.length - new Set(references).size,
  };
}

function recordOf({ state, traffic }: Account): LedgerRecord | undefined {
  return state && { ...state, ...traffic };
}

function fingerprintOf({ amountMinor, currency, paymentToken, reference }: ChargeRequest): string {
  return hash('sha256', JSON.stringify([amountMinor, currency, paymentToken, reference ?? null]));
}

function requested({ key, amountMinor, currency, reference }: ChargeRequest): Requested {
  return { key, amountMinor, currency, reference: reference ?? null, createdAt: new Date().toISOString() };
}

function succeeded(request: ChargeRequest): SucceededCharge {
  return { ...requested(request), status: 'succeeded', chargeId: `ch_${randomUUID()}` };
}

function declined(request: ChargeRequest, declineCode: DeclineCode): DeclinedCharge {
  return { ...requested(request), status: 'declined', chargeId: null, declineCode };
}

function cancelled(key: string, state: State | undefined): Exclude<State, SucceededCharge> {
  const now = new Date().toISOString();
  if (state === undefined)
    return { key, status: 'cancelled', chargeId: null, createdAt: now, cancelledAt: now };
  return state.status === 'succeeded' ? { ...state, status: 'cancelled', cancelledAt: now } : state;
}
