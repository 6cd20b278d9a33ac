import type { FastifyInstance } from 'fastify';
import type { Logger } from './logger.ts';
import { currentStory, type RequestStory, tellStory } from './request-story.ts';

const storyOf = Symbol('request story');

declare module 'fastify' {
  interface FastifyRequest {
    [storyOf]?: RequestStory;
  }
}

/** One log line per request, with everything that is known about it. Fastify would write two, with less. */
export function observeRequests(app: FastifyInstance, logger: Logger): void {
  app.addHook('onRequest', (request, _reply, done) => {
    const story: RequestStory = { request_id: request.id };
    request[storyOf] = story;
    tellStory(story, done);
  });
  app.addHook('onResponse', (request, reply, done) => {
    logger.info(
      {
        event: 'http.request',
        method: request.method,
        route: request.routeOptions.url ?? 'unknown',
        status: reply.statusCode,
        duration_ms: round(reply.elapsedTime),
        ...request[storyOf],
        ...(request.clientId && { client_id: request.clientId }),
      },
      'request handled',
    );
    done();
  });
}

/** Adds up times that one request spent in several calls. */
export function addTime(field: 'db_ms' | 'payment_ms', milliseconds: number): void {
  const story = currentStory();
  if (story) story[field] = round((story[field] ?? 0) + milliseconds);
}

function round(milliseconds: number): number {
  return Math.round(milliseconds * 100) / 100;
}
