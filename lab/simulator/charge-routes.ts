import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { type Answer, json, problem } from './answer.ts';
import { answerUnderFault } from './answer-under-fault.ts';
import type { ChargeEvents } from './charge-events.ts';
import type { Draw, Faults } from './faults.ts';
import type { ChargeOutcome, ChargeRequest, Ledger } from './ledger.ts';
import { type TestToken, testToken } from './test-tokens.ts';

const Key = Type.String({ pattern: '^[!-~]{1,255}$', expected: '1 to 255 visible ASCII characters' });

const Tracing = { 'x-request-id': Type.Optional(Type.String()), traceparent: Type.Optional(Type.String()) };

const text = { minLength: 1, maxLength: 255, expected: 'a text of 1 to 255 characters' };

const ChargeBody = Type.Object(
  {
    amountMinor: Type.Integer({
      minimum: 0,
      maximum: Number.MAX_SAFE_INTEGER,
      expected: 'a whole number of minor units, 0 or more',
    }),
    currency: Type.String({ pattern: '^[A-Z]{3}$', expected: 'an ISO 4217 code such as "EUR"' }),
    paymentToken: Type.String(text),
    reference: Type.Optional(Type.String(text)),
  },
  { additionalProperties: false, expected: 'a JSON object' },
);

/**
 * The gateway's own API: the routes that its customers call and that faults affect.
 *
 * @param deps.observe observes these routes and no others
 */
export function chargeRoutes(deps: {
  ledger: Ledger;
  faults: Faults;
  observe: (app: FastifyInstance) => ChargeEvents;
}): FastifyPluginAsyncTypebox {
  const { ledger, faults, observe } = deps;

  return async (app) => {
    const events = observe(app);

    app.post(
      '/charges',
      { schema: { headers: Type.Object({ 'idempotency-key': Key, ...Tracing }), body: ChargeBody } },
      async (request, reply) => {
        const charge: ChargeRequest = { key: request.headers['idempotency-key'], ...request.body };
        const attempt = ledger.arrive(charge.key, request.headers['x-request-id']);
        const token = testToken(charge.paymentToken);
        const draw = drawFor(faults, token, attempt);
        const declineCode = draw.fault.kind === 'decline' ? 'card_declined' : token.declineCode;

        let outcome: string = 'not_carried_out';
        const status = await answerUnderFault(reply, draw, () => {
          const result = ledger.charge(charge, declineCode);
          outcome = result.kind === 'answered' ? result.charge.status : result.kind;
          return answerToCharge(result, charge.key);
        });
        events.handled(request, 'charge', {
          key: charge.key,
          attempt,
          outcome,
          fault: draw.fault.kind,
          status,
        });
      },
    );

    app.post(
      '/charges/:key/cancel',
      { schema: { params: Type.Object({ key: Key }), headers: Type.Object(Tracing) } },
      async (request, reply) => {
        const { key } = request.params;
        const draw = faults.draw('cancel');

        let outcome: string = 'not_carried_out';
        const status = await answerUnderFault(reply, draw, () => {
          const record = ledger.cancel(key);
          outcome = record.status;
          return json(200, record);
        });
        events.handled(request, 'cancel', { key, outcome, fault: draw.fault.kind, status });
      },
    );

    app.get('/charges/:key', { schema: { params: Type.Object({ key: Key }) } }, async (request, reply) => {
      const record = ledger.find(request.params.key);
      const { status, headers, body } =
        record === undefined
          ? problem(404, 'charge_not_found', 'No charge has this key.')
          : json(200, record);
      return reply.code(status).headers(headers).send(body);
    });
  };
}

/** A fault setting takes precedence: the token's own behaviour applies if no setting hits the request. */
function drawFor(faults: Faults, token: TestToken, attempt: number): Draw {
  const { latencyMs, fault } = faults.draw('charge');
  return {
    latencyMs: latencyMs + (token.latencyMs ?? 0),
    fault: fault.kind === 'none' ? (token.fault?.(attempt) ?? fault) : fault,
  };
}

function answerToCharge(outcome: ChargeOutcome, key: string): Answer {
  if (outcome.kind === 'key_reused') {
    return problem(
      422,
      'idempotency_key_reused',
      'The Idempotency-Key belongs to a charge with another body.',
    );
  }
  if (outcome.kind === 'cancelled') {
    return problem(409, 'charge_cancelled', 'The charge was cancelled.', { members: { key } });
  }

  const { charge, replayed } = outcome;
  const headers: Record<string, string> = replayed ? { 'idempotency-replayed': 'true' } : {};
  if (charge.status === 'declined') {
    const members = { declineCode: charge.declineCode, key };
    return problem(402, 'card_declined', 'The card was declined.', { headers, members });
  }
  const { chargeId: id, status, amountMinor, currency, createdAt } = charge;
  return json(replayed ? 200 : 201, { id, status, amountMinor, currency, key, createdAt }, headers);
}
