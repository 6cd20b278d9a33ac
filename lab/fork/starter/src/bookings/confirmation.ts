import { Type } from 'typebox';
import { shapeOf } from '../shapes.ts';
import type { Operation, Undecided, UpstreamClient } from '../upstream/client.ts';

/** What the dependency decides about a booking. */
export type Decided =
  | { kind: 'confirmed'; confirmationId: string }
  /** It does not want this booking: never repeated, and no fault of the dependency. */
  | { kind: 'rejected'; reason: string };

export type Confirmation = Decided | Undecided;
export type Confirmations = UpstreamClient<Decided>;

const isConfirmed = shapeOf(Type.Object({ confirmationId: Type.String({ minLength: 1, maxLength: 255 }) }));
const isRejected = shapeOf(Type.Object({ reason: Type.String({ minLength: 1, maxLength: 64 }) }));

export const confirming: Operation<Decided> = {
  name: 'confirm',
  path: '/confirmations',
  interpret({ status, body }) {
    if ((status === 200 || status === 201) && isConfirmed(body))
      return { kind: 'confirmed', confirmationId: body.confirmationId };
    if (status === 422 && isRejected(body)) return { kind: 'rejected', reason: body.reason };
    return undefined;
  },
};
