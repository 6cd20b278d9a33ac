import type { FastifyInstance } from 'fastify';
import type { IncomingMessage } from 'node:http';
import type { ConnectionLimits } from '../../config/http-config.ts';
import { lingerAfterAnswer } from './lingering-close.ts';
import { type ProblemCode, problems, sendProblem } from '../problem-details.ts';

/**
 * Refuses what Node's parser accepts although a proxy in front could read it differently: versions, hosts, transfer
 * encodings, too many headers, and expectations.
 *
 * A client that expects `100 Continue` gets it only when its body is about to be read, so that a request refused on
 * other grounds never sends its body.
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
    // HTTP/1.0 has no interim responses.
    if (headers.expect !== undefined && raw.httpVersion === '1.1' && announced <= bodyLimit) {
      reply.raw.writeContinue();
    }
    done(null, payload);
  });
  // Node reads an unwanted body to its end, however long it takes.
  app.addHook('onSend', ({ raw, headers }, reply, _payload, done) => {
    const endless = 'transfer-encoding' in headers || Number(headers['content-length']) > bodyLimit;
    if (endless && !raw.complete) {
      reply.header('connection', 'close');
      lingerAfterAnswer(raw.socket);
    }
    done();
  });
  // Without listeners, Node answers these two by itself.
  for (const event of ['checkContinue', 'checkExpectation']) {
    app.server.on(event, (request, response) => app.server.emit('request', request, response));
  }
}

/** `uri-host [ ":" port ]` (RFC 9112, section 3.2; RFC 3986, section 3.2.2), not empty, at most as long as DNS allows. */
const host = /^(?:[\w.~%!$&'()*+,;=-]{1,255}|\[[\da-f:.]{2,45}\])(?::\d{0,5})?$/i;

function brokenRule(
  { httpVersion, url = '', headers, rawHeaders }: IncomingMessage,
  maxHeaders: number,
): { code: ProblemCode; detail: string } | undefined {
  if (httpVersion !== '1.1' && httpVersion !== '1.0')
    return malformed('The HTTP version is not supported. Use HTTP/1.1.');
  // `rawHeaders` alternates names and values.
  if (rawHeaders.length > 2 * maxHeaders) {
    return {
      code: 'headers_too_large',
      detail: `The request has too many headers. Send at most ${maxHeaders}.`,
    };
  }
  if (headers.host === undefined ? httpVersion === '1.1' : !host.test(headers.host)) {
    return malformed('The header `host` is missing, repeated or invalid. Send it once, with the host name.');
  }
  if (url.includes('#')) return malformed('The request target has a fragment. Send it without one.');
  const encoding = headers['transfer-encoding'];
  if (encoding !== undefined && (httpVersion === '1.0' || encoding.toLowerCase() !== 'chunked')) {
    return malformed('The transfer encoding is not supported. Use `chunked`, in HTTP/1.1.');
  }
  const { expect } = headers;
  if (expect !== undefined && httpVersion === '1.1' && expect.toLowerCase() !== '100-continue') {
    return {
      code: 'expectation_failed',
      detail: 'The expectation is not supported. Use `100-continue`, or none.',
    };
  }
  return undefined;
}

function malformed(detail: string): { code: ProblemCode; detail: string } {
  return { code: 'malformed_request', detail };
}
