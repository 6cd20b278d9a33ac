import { isUtf8 } from 'node:buffer';
import type { FastifyInstance } from 'fastify';
import { problems, RequestProblem } from '../problem-details.ts';

/**
 * Reads JSON bodies. Refuses those that two parsers could read differently: a text that is not UTF-8, an object that
 * has a member twice, a body that is encoded once more; and those that hold so much that checking them is work.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8259#section-4
 */
export function readJsonBodies(app: FastifyInstance): void {
  // It refuses the names that would change a prototype.
  const parse = app.getDefaultJsonParser('error', 'error');
  // Fastify reads plain text by itself; here it is as unknown as any other type.
  app.removeContentTypeParser(['application/json', 'text/plain']);
  app.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    const encoding = request.headers['content-encoding'];
    if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
      done(
        new RequestProblem(problems.unsupported_media_type, 'Send the body without a `content-encoding`.'),
      );
      return;
    }
    if (!isUtf8(body)) {
      done(new RequestProblem(problems.malformed_request, 'The body is not UTF-8.'));
      return;
    }
    const text = body.toString();
    // It answers through `done` alone.
    void parse(request, text, (error, value: unknown) => {
      const fault = error === null ? faultIn(text, value) : undefined;
      if (fault === undefined) done(error, value);
      else done(new RequestProblem(problems.malformed_request, fault));
    });
  });
}

/**
 * Members of objects and elements of lists, in one body. An order of as many items as are allowed has half as many; to
 * look for every fault in a list of 20,000 takes as long as twenty orders.
 */
const mostValues = 1000;

/**
 * What is wrong with a body although it is JSON, if anything.
 *
 * Of the members of an object that have the same name, `JSON.parse` keeps one. So the value then has fewer members than
 * the text has names. Counting both costs a third of looking each name up.
 *
 * @param text valid JSON
 * @param value what it stands for
 */
export function faultIn(text: string, value: unknown): string | undefined {
  const { values, members } = countValues(value);
  if (values > mostValues) return `The body holds more than ${mostValues} values.`;
  if (countNames(text) > members) return 'An object in the body has a member twice.';
  return undefined;
}

/** Names are the strings that a colon follows. */
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

/** Without recursion: a body may be deeper than the stack. */
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
