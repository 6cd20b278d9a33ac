import type { OrderLife } from '../domain-types.ts';
import { text } from './format.ts';
import { type Moment, moment, timelineOf } from './moments.ts';

/** The whole life of an order on one timeline. */
export function lifeOf({ order, charge, spans, logs }: OrderLife): Moment[] {
  return timelineOf({
    stored: order ? momentsOfOrder(order) : [],
    elsewhere: charge ? momentsOfCharge(charge) : [],
    spans,
    logs,
  });
}

function momentsOfOrder({ status, createdAt, updatedAt }: NonNullable<OrderLife['order']>): Moment[] {
  const placed = moment('order', Date.parse(createdAt), 'pending', 'stored, before the card is charged');
  if (status === 'pending') return [placed];
  const settled = moment('order', Date.parse(updatedAt), status);
  return [placed, { ...settled, tone: status === 'paid' ? 'ok' : 'bad' }];
}

function momentsOfCharge(charge: NonNullable<OrderLife['charge']>): Moment[] {
  const { status, createdAt, cancelledAt, chargeId } = charge;
  const wasCharged = status === 'succeeded' || (status === 'cancelled' && chargeId !== null);
  return [
    ...(typeof createdAt === 'string' && status !== undefined
      ? [moment('gateway', Date.parse(createdAt), wasCharged ? 'charged' : text(status), 'in the ledger')]
      : []),
    ...(typeof cancelledAt === 'string'
      ? [moment('gateway', Date.parse(cancelledAt), 'cancelled', 'in the ledger')]
      : []),
  ];
}
