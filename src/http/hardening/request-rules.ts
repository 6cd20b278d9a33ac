import type { FastifyInstance } from 'fastify';
import type { IncomingMessage } from 'node:http';
import type { ConnectionLimits } from './connection-limits.ts';
import { lingerAfterAnswer } from './lingering-close.ts';
import { type ProblemCode, problems, sendProblem } from '../problem-details.ts';

/**
 * Refuses what Node's parser lets pass, and what a proxy in front of it could read differently: the version, the host,
 * the encoding of the transfer, too many headers, and expectations.
 *
 * A client that waits for `100 Continue` gets it only once its body is really going to be read, so that a request that
 * is refused for anything else is refused without its body.
 */
export function enforceRequestRules(
  app: FastifyInstance,
  { maxHeaders, bodyLimit }: Pick<ConnectionLimits, 'maxHeaders'> & { bodyLimit: number },
): void {
  app.addHook('onRequest', (request, reply, done) => {
    const broken = brokenRule(request.raw, maxHeaders);
    if (broken) sendProblem(reply, problems[broken.code], broken.detail);
    else done();
  });
  app.addHook('preParsing', ({ raw, headers }, reply, payload, done) => {
    const announced = Number(headers['content-length'] ?? 0);
    // HTTP/1.0 knows no interim answers.
    if (headers.expect !== undefined && raw.httpVersion === '1.1' && announced <= bodyLimit) {
      reply.raw.writeContinue();
    }
    done(null, payload);
  });
  // A body that nobody is going to read would be read to its end by Node, for as long as it comes.
  app.addHook('onSend', ({ raw, headers }, reply, _payload, done) => {
    const endless = 'transfer-encoding' in headers || Number(headers['content-length']) > bodyLimit;
    if (endless && !raw.complete) {
      reply.header('connection', 'close');
      lingerAfterAnswer(raw.socket);
    }
    done();
  });
  // Node answers these two by itself where nobody listens.
  for (const event of ['checkContinue', 'checkExpectation']) {
    app.server.on(event, (request, response) => app.server.emit('request', request, response));
  }
}

/** `uri-host [ ":" port ]` (RFC 9112, section 3.2; RFC 3986, section 3.2.2), not empty, and as long as DNS allows. */
const host = /^(?:[\w.~%!$&'()*+,;=-]{1,255}|\[[\da-f:.]{2,45}\])(?::\d{0,5})?$/i;

function brokenRule(
  { httpVersion, url = '', headers, rawHeaders }: IncomingMessage,
  maxHeaders: number,
): { code: ProblemCode; detail: string } | undefined {
  if (httpVersion !== '1.1' && httpVersion !== '1.0') return malformed('Speak HTTP/1.1.');
  // Names and values alternate.
  if (rawHeaders.length > 2 * maxHeaders) {
    return { code: 'headers_too_large', detail: `Send at most ${maxHeaders} headers.` };
  }
  if (headers.host === undefined ? httpVersion === '1.1' : !host.test(headers.host)) {
    return malformed('Send the header `host` once, with the name of the host.');
  }
  if (url.includes('#')) return malformed('Send the target without a fragment.');
  const encoding = headers['transfer-encoding'];
  if (encoding !== undefined && (httpVersion === '1.0' || encoding.toLowerCase() !== 'chunked')) {
    return malformed('The only transfer encoding is `chunked`, in HTTP/1.1.');
  }
  const { expect } = headers;
  if (expect !== undefined && httpVersion === '1.1' && expect.toLowerCase() !== '100-continue') {
    return { code: 'expectation_failed', detail: 'The only expectation that can be met is `100-continue`.' };
  }
  return undefined;
}

function malformed(detail: string): { code: ProblemCode; detail: string } {
  return { code: 'malformed_request', detail };
}
