import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { trafficMix } from '../../traffic/mix.ts';
import { problem } from '../../simulator/answer.ts';
import type { TrafficSession } from './traffic-session.ts';

const Rate = Type.Number({ minimum: 0, maximum: 500 });

const Weight = Type.Optional(Type.Number({ minimum: 0, maximum: 10_000 }));

const Weights = Type.Object(Object.fromEntries(Object.keys(trafficMix).map((kind) => [kind, Weight])), {
  additionalProperties: false,
});

const Run = Type.Object({ rate: Rate, weights: Type.Optional(Weights) }, { additionalProperties: false });

const Burst = Type.Object(
  { rate: Rate, seconds: Type.Number({ minimum: 1, maximum: 300 }) },
  { additionalProperties: false },
);

const After = Type.Object({ after: Type.Number({ default: 0 }) }, { additionalProperties: false });

export function trafficRoutes(traffic: TrafficSession): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get('/api/traffic', { schema: { querystring: After } }, (request) =>
      traffic.detail(request.query.after),
    );
    app.put('/api/traffic', { schema: { body: Run } }, async (request, reply) => {
      try {
        await traffic.run(request.body);
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        const { status, headers, body } = problem(400, 'invalid_request', error.message);
        return reply.code(status).headers(headers).send(body);
      }
      return traffic.state();
    });
    app.post('/api/traffic/burst', { schema: { body: Burst } }, async (request) => {
      await traffic.burst(request.body.rate, request.body.seconds);
      return traffic.state();
    });
    app.delete('/api/traffic', async () => {
      await traffic.stop();
      return traffic.state();
    });
  };
}
