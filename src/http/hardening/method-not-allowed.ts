import { METHODS } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { problems, sendProblem } from '../problem-details.ts';

/**
 * Responds with 405 and `Allow` (RFC 9110, section 15.5.6) when a path exists but the method does not. Fastify's router
 * alone would respond with 404. Call it before the routes are added, and the returned function afterwards.
 *
 * `OPTIONS *` asks about the server as a whole (section 9.3.7), and is answered with the methods of all its paths. A hook that
 * refuses unknown paths comes after it.
 */
export function answerOtherMethods(app: FastifyInstance): () => void {
  const methodsOf = new Map<string, Set<string>>();
  app.addHook('onRoute', ({ url, method }) => {
    const methods = methodsOf.get(url) ?? new Set();
    for (const each of Array.isArray(method) ? method : [method]) methods.add(each);
    methodsOf.set(url, methods);
  });

  let methodsOfServer = '';
  app.addHook('onRequest', ({ method, raw }, reply, done) => {
    if (method === 'OPTIONS' && raw.url === '*') void reply.code(204).header('allow', methodsOfServer).send();
    else done();
  });

  // CONNECT has no path and never becomes a request.
  for (const method of METHODS) {
    if (method !== 'CONNECT' && !app.supportedMethods.includes(method)) app.addHttpMethod(method);
  }

  return () => {
    methodsOfServer = listOf(
      [...methodsOf.values()].reduce((all, each) => all.union(each), new Set(['OPTIONS'])),
    );
    // A copy, because adding routes changes the map.
    for (const [url, known] of new Map(methodsOf)) {
      const others = app.supportedMethods.filter((method) => !known.has(method));
      const allow = listOf(known);
      app.route({
        method: others,
        url,
        schema: { hide: true },
        // In `onRequest`, so that the body is neither read nor validated.
        onRequest: (_request, reply) => {
          sendProblem(
            reply.header('allow', allow),
            problems.method_not_allowed,
            `This resource allows ${allow}.`,
          );
        },
        handler: () => {},
      });
    }
  };
}

function listOf(methods: ReadonlySet<string>): string {
  return [...methods].toSorted().join(', ');
}
