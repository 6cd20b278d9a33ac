import { hash, randomUUID } from 'node:crypto';
import type { DeclineCode } from './test-tokens.ts';

/**
 * What the gateway did for each idempotency key. Money is not forgotten: records stay until `clear`, unless the ledger
 * was given a bound, as one that is charged for weeks needs.
 */

export interface ChargeRequest {
  key: string;
  /** In minor units of the currency. */
  amountMinor: number;
  /** ISO 4217. */
  currency: string;
  paymentToken: string;
  /** What the caller pays for, in its own words. */
  reference?: string;
}

interface Requested {
  key: string;
  amountMinor: number;
  currency: string;
  reference: string | null;
  /** ISO 8601, like every time in here. */
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

/** Captured once, given back since. */
export interface CancelledCharge extends Requested {
  status: 'cancelled';
  chargeId: string;
  cancelledAt: string;
}

/** Cancelled before any charge came: the key is used up, and a charge that arrives late is refused. */
export interface CancelledKey {
  key: string;
  status: 'cancelled';
  chargeId: null;
  createdAt: string;
  cancelledAt: string;
}

type State = SucceededCharge | DeclinedCharge | CancelledCharge | CancelledKey;

interface Traffic {
  /** Charge requests that arrived with this key, those included that a fault answered. */
  attempts: number;
  /** How often the card was charged, counted where it is charged. More than once would be the bug to look for. */
  captures: number;
  /** `x-request-id` of the first charge request. */
  requestId: string | null;
}

export type LedgerRecord = State & Traffic;

export type ChargeOutcome =
  | { kind: 'answered'; charge: SucceededCharge | DeclinedCharge; replayed: boolean }
  /** The key was used for another charge before. */
  | { kind: 'key_reused' }
  | { kind: 'cancelled' };

interface Account {
  traffic: Traffic;
  /** Nothing while faults answered every request of this key. */
  state?: State;
  /** Of the request that made the charge. A digest, for nobody should find card tokens in a ledger. */
  fingerprint?: string;
}

export interface Totals {
  /** Charges that stand. */
  captured: number;
  /** What they sum up to, in minor units per currency. */
  capturedMinor: Record<string, number>;
  declined: number;
  cancelled: number;
  /** Charges that stand beyond the first for the same `reference`: something was paid for twice. */
  duplicates: number;
}

/**
 * Every method is synchronous, so requests that arrive together with one key cannot get between one another.
 *
 * @param options.capacity records at most; the oldest goes for the newest. Default: all are kept
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
    /** Notes that a charge request came in. Returns how many there have been for its key, this one included. */
    arrive(key: string, requestId: string | undefined): number {
      const { traffic } = accountOf(key);
      if (traffic.attempts === 0) traffic.requestId = requestId ?? null;
      traffic.attempts += 1;
      return traffic.attempts;
    },

    /** Charges the card, at most once per key. `declineCode` is the bank's refusal, if it refuses. */
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

    /** Gives a charge back, or keeps one from happening. What is declined or cancelled already stays as it is. */
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

    /** All records, in the order in which their keys were first seen. */
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
