import { money } from '../report/money.ts';
import type { LedgerRecord } from '../simulator/ledger.ts';

/**
 * Compares three books after a run with crashes: the answers that clients got, the orders in Postgres and the ledger of
 * the gateway. Pure, so that a test can plant each kind of fault and check that the audit finds it.
 */

/** An answer with the state of an order, which ends the repeats of its client. */
export interface FinalAnswer {
  clientId: string;
  idempotencyKey: string;
  orderId: string;
  status: 'paid' | 'pending' | 'declined' | 'refused' | 'cancelled';
  /** The amount that the client requested. */
  amountMinor: number;
  currency: string;
}

export interface StoredOrder {
  id: string;
  client_id: string;
  idempotency_key: string | null;
  status: FinalAnswer['status'];
  total_minor: number;
  currency: string;
  payment_id: string | null;
  /** Whether it is still pending although a worker could have taken it long ago. */
  overdue: boolean;
}

export interface Books {
  answers: readonly FinalAnswer[];
  orders: readonly StoredOrder[];
  ledger: readonly LedgerRecord[];
}

export type FindingKind =
  | 'lost_order'
  | 'contradicted_answer'
  | 'wrong_amount'
  | 'double_charge'
  | 'charge_without_paid_order'
  | 'paid_order_without_charge'
  | 'key_with_two_orders'
  | 'stuck_order';

export interface Finding {
  kind: FindingKind;
  orderId: string;
  detail: string;
}

export function audit({ answers, orders, ledger }: Books): Finding[] {
  const findings: Finding[] = [];
  const report = (kind: FindingKind, orderId: string, detail: string) =>
    findings.push({ kind, orderId, detail });
  const orderOf = new Map(orders.map((order) => [order.id, order]));
  const chargeOf = new Map(ledger.map((charge) => [charge.key, charge]));

  for (const answer of answers) {
    const order = orderOf.get(answer.orderId);
    if (order === undefined) {
      report('lost_order', answer.orderId, `the client got ${answer.status}, but the order is not stored`);
      continue;
    }
    // A pending order may have been settled in any way since; a settled one must match the answer.
    if (answer.status !== 'pending' && order.status !== answer.status) {
      report(
        'contradicted_answer',
        order.id,
        `the client got ${answer.status}, but the order is ${order.status}`,
      );
    }
    if (order.total_minor !== answer.amountMinor || order.currency !== answer.currency) {
      const asked = money(answer.amountMinor, answer.currency);
      const stored = money(order.total_minor, order.currency);
      report('wrong_amount', order.id, `asked for ${asked}, stored as ${stored}`);
    }
  }

  for (const [key, ids] of ordersByKey(answers, orders)) {
    if (ids.size > 1) report('key_with_two_orders', [...ids].join(' '), `all under the key ${key}`);
  }

  for (const order of orders) {
    if (order.overdue) report('stuck_order', order.id, 'pending past its due time');
    if (order.status === 'paid' && chargeOf.get(order.id)?.status !== 'succeeded') {
      report(
        'paid_order_without_charge',
        order.id,
        `the ledger says ${chargeOf.get(order.id)?.status ?? 'nothing'}`,
      );
    }
  }

  for (const [orderId, charges] of Map.groupBy(ledger, (charge) => referenceOf(charge))) {
    const captures = charges.reduce((sum, charge) => sum + charge.captures, 0);
    if (captures > 1) report('double_charge', orderId, `captured ${captures} times`);
    for (const charge of charges)
      if (charge.status === 'succeeded') checkCapture(charge, orderOf.get(orderId), report);
  }
  return findings;
}

function checkCapture(
  charge: Extract<LedgerRecord, { status: 'succeeded' }>,
  order: StoredOrder | undefined,
  report: (kind: FindingKind, orderId: string, detail: string) => void,
): void {
  const captured = money(charge.amountMinor, charge.currency);
  if (order === undefined || order.status !== 'paid') {
    const id = order?.id ?? charge.key;
    report(
      'charge_without_paid_order',
      id,
      `captured ${captured}, the order is ${order?.status ?? 'not stored'}`,
    );
    return;
  }
  if (charge.amountMinor !== order.total_minor || charge.currency !== order.currency) {
    const stored = money(order.total_minor, order.currency);
    report('wrong_amount', order.id, `captured ${captured}, stored as ${stored}`);
  }
  if (charge.chargeId !== order.payment_id) {
    report(
      'paid_order_without_charge',
      order.id,
      `paid by ${order.payment_id}, the ledger says ${charge.chargeId}`,
    );
  }
}

/** The order that a charge belongs to, even if it was made under another key. */
function referenceOf(charge: LedgerRecord): string {
  return 'reference' in charge && typeof charge.reference === 'string' ? charge.reference : charge.key;
}

function ordersByKey(
  answers: readonly FinalAnswer[],
  orders: readonly StoredOrder[],
): Map<string, Set<string>> {
  const ids = new Map<string, Set<string>>();
  const add = (clientId: string, key: string, id: string) => {
    const name = `${clientId}/${key}`;
    ids.set(name, (ids.get(name) ?? new Set()).add(id));
  };
  for (const answer of answers) add(answer.clientId, answer.idempotencyKey, answer.orderId);
  for (const order of orders)
    if (order.idempotency_key !== null) add(order.client_id, order.idempotency_key, order.id);
  return ids;
}
