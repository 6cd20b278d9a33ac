import { isUtf8 } from 'node:buffer';
import { errorCodes, type FastifyInstance, type FastifyRequest, type onRequestHookHandler } from 'fastify';
import { acceptsJson, problems, RequestProblem } from '../problem-details.ts';

/**
 * Reads JSON bodies. Refuses bodies that two parsers could read differently (text that is not UTF-8, duplicate members,
 * a content encoding) and bodies with so many values that validation is expensive.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8259#section-4
 */
export function readJsonBodies(app: FastifyInstance): void {
  // 'error' refuses member names that would change a prototype.
  const parse = app.getDefaultJsonParser('error', 'error');
  // A content type without content says nothing (RFC 9110, section 8.3), and many clients send one with every POST.
  app.addHook('onRoute', (route) => {
    if (route.schema?.body !== undefined || route.method === 'GET' || route.method === 'HEAD') return;
    route.onRequest = [route.onRequest ?? [], forgetTypeOfNothing].flat();
  });
  // Fastify reads plain text by default; this API does not accept it.
  app.removeContentTypeParser(['application/json', 'text/plain']);
  app.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    if (body.length === 0 && !needsBody(request)) {
      done(null);
      return;
    }
    const encoding = request.headers['content-encoding'];
    if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
      done(refuseMedia('Send the body without a `content-encoding`.', { 'accept-encoding': 'identity' }));
      return;
    }
    if (!isLabelledAsUtf8(request.headers['content-type'])) {
      done(refuseMedia('Send the body in UTF-8.', acceptsJson));
      return;
    }
    if (!isUtf8(body)) {
      done(new RequestProblem(problems.malformed_request, 'The body is not valid UTF-8.'));
      return;
    }
    const text = body.toString();
    // The parser reports through its callback only.
    void parse(request, text, (error, value: unknown) => {
      const fault = error === null ? faultIn(text, value) : faultBesideSyntax(text);
      if (fault === undefined) done(error, value);
      else done(new RequestProblem(problems.malformed_request, fault));
    });
  });
  // Only the end of a chunked body shows that it is empty.
  app.addContentTypeParser('*', (request, payload, done) => {
    const refuse = () => done(new errorCodes.FST_ERR_CTP_INVALID_MEDIA_TYPE());
    if (needsBody(request)) {
      refuse();
      return;
    }
    const accept = () => done(null);
    payload.once('end', accept).once('data', () => {
      payload.off('end', accept);
      refuse();
    });
  });
}

/** @param accepted the header that says what would have been accepted (RFC 9110, section 15.5.16) */
const refuseMedia = (detail: string, accepted: Readonly<Record<string, string>>) =>
  new RequestProblem(problems.unsupported_media_type, detail, accepted);

const needsBody = ({ routeOptions }: FastifyRequest) => routeOptions.schema?.body !== undefined;

/** JSON has no parameter `charset` and is in UTF-8 (RFC 8259, sections 8.1 and 11). One that says so does no harm. */
function isLabelledAsUtf8(type: string | undefined): boolean {
  if (type === 'application/json') return true;
  const [, charset = 'utf-8'] =
    /;[ \t]*charset=(?:"([^"]*)"|([^;\s]*))/i.exec(type ?? '')?.filter((group) => group !== undefined) ?? [];
  return /^utf-?8$/i.test(charset);
}

const forgetTypeOfNothing: onRequestHookHandler = ({ headers }, _reply, done) => {
  const isEmpty = headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0;
  if (isEmpty && headers['content-type'] !== undefined) delete headers['content-type'];
  done();
};

/**
 * Members of objects and elements of arrays per body. The largest valid body here has half as many. Reporting every
 * fault in an array of 20,000 elements would take as long as twenty ordinary requests.
 */
const mostValues = 1000;

/**
 * Returns what is wrong with a body that is valid JSON, or `undefined`.
 *
 * `JSON.parse` keeps one of several members with the same name, so the value then has fewer members than the text has
 * names. Counting both costs a third of looking up each name.
 *
 * @param text valid JSON
 * @param value the parsed text
 */
export function faultIn(text: string, value: unknown): string | undefined {
  const { values, members } = countValues(value);
  if (values > mostValues) return `The body holds more than ${mostValues} values. Send fewer.`;
  if (countNames(text) > members)
    return 'An object in the body has a duplicate member. Send each member once.';
  return undefined;
}

/** Why the parser refuses a body although it is valid JSON; `undefined` if it is none. */
function faultBesideSyntax(text: string): string | undefined {
  try {
    JSON.parse(text);
    return 'An object in the body has a member `__proto__`, or `constructor` with a `prototype`. Leave it out.';
  } catch {
    return undefined;
  }
}

/** Counts member names: the strings that a colon follows. */
function countNames(text: string): number {
  let names = 0;
  let opening = text.indexOf('"');
  while (opening !== -1) {
    let closing = text.indexOf('"', opening + 1);
    while (isEscaped(text, closing)) closing = text.indexOf('"', closing + 1);
    let next = closing + 1;
    while (isWhiteSpace(text.charCodeAt(next))) next += 1;
    if (text[next] === ':') names += 1;
    opening = text.indexOf('"', next);
  }
  return names;
}

function isEscaped(text: string, quote: number): boolean {
  let before = quote - 1;
  while (text[before] === '\\') before -= 1;
  return (quote - before) % 2 === 0;
}

/** RFC 8259, section 2: space, line feed, carriage return, tab. */
function isWhiteSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

/** Iterates instead of recursing, because a body may be nested deeper than the stack. */
function countValues(value: unknown): { values: number; members: number } {
  let values = 0;
  let members = 0;
  const containers = isContainer(value) ? [value] : [];
  for (let each = containers.pop(); each !== undefined; each = containers.pop()) {
    const inner = Object.values(each);
    values += inner.length;
    if (!Array.isArray(each)) members += inner.length;
    for (const one of inner) if (isContainer(one)) containers.push(one);
  }
  return { values, members };
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
