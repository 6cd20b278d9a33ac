import * as fc from 'fast-check';
import { almostValuesOf, hostileTexts, type Schema, textsOf, valuesOf } from './schema-arbitraries.ts';

/** The parts of an OpenAPI document that describe requests. */
export interface RequestDocument {
  paths: Record<string, Record<string, Operation>>;
}

interface Operation {
  parameters?: Parameter[];
  requestBody?: { content: Record<string, { schema: Schema; example?: unknown }> };
}

interface Parameter {
  name: string;
  in: 'path' | 'query' | 'header';
  required?: boolean;
  schema: Schema;
}

export interface ApiRequest {
  method: string;
  /** `{known}` is a placeholder for the id of an existing order. */
  path: string;
  headers: Record<string, string>;
  body?: string;
}

/** Requests to all operations of the document: valid ones, almost valid ones and arbitrary ones. */
export function requestsTo(document: RequestDocument, keys: readonly string[]): fc.Arbitrary<ApiRequest> {
  const requests = Object.entries(document.paths).flatMap(([template, operations]) =>
    Object.entries(operations).map(([method, operation]) =>
      requestsOf(method.toUpperCase(), template, operation, keys),
    ),
  );
  return fc.oneof(...requests);
}

function requestsOf(
  method: string,
  template: string,
  { parameters = [], requestBody }: Operation,
  keys: readonly string[],
): fc.Arbitrary<ApiRequest> {
  const of = (place: Parameter['in']) => parameters.filter((parameter) => parameter.in === place);
  const content = requestBody?.content['application/json'];
  return fc
    .record({
      method: mostly(
        fc.constant(method),
        fc.constantFrom('GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'QUERY', 'PURGE'),
      ),
      path: pathsOf(template, of('path')),
      query: queriesOf(of('query')),
      headers: headersOf(of('header'), keys),
      body: content
        ? bodiesOf(content.schema, content.example)
        : mostly(fc.constant(undefined), hostileTexts),
    })
    .map(({ method: verb, path, query, headers, body }) => {
      const request = { method: verb, path: query === '' ? path : `${path}?${query}`, headers };
      if (body === undefined) return request;
      return Object.assign(request, { headers: { 'content-type': 'application/json', ...headers }, body });
    });
}

/** `usual` nine times out of ten, otherwise `other`. */
function mostly<T, U>(usual: fc.Arbitrary<T>, other: fc.Arbitrary<U>): fc.Arbitrary<T | U> {
  return fc.oneof({ arbitrary: usual, weight: 9 }, { arbitrary: other, weight: 1 });
}

function bodiesOf(schema: Schema, example: unknown): fc.Arbitrary<string | undefined> {
  // Random values that the schema allows rarely make sense together; the example does.
  const right = fc.oneof(valuesOf(schema), fc.constant(example));
  return mostly(textsOf(fc.oneof(right, almostValuesOf(schema))), fc.constant(undefined));
}

function pathsOf(template: string, parameters: readonly Parameter[]): fc.Arbitrary<string> {
  const names = parameters.map(({ name, schema }) => {
    const value = fc.oneof(
      { arbitrary: fc.constant('{known}'), weight: 4 },
      { arbitrary: valuesOf(schema).map(String), weight: 1 },
      // An empty segment would make another path.
      { arbitrary: hostileTexts.filter((text) => text !== '').map(escape), weight: 1 },
    );
    return [name, value] as const;
  });
  return fc
    .record(Object.fromEntries(names))
    .map((values) => template.replaceAll(/\{(\w+)\}/g, (_, name: string) => values[name] ?? ''));
}

function queriesOf(parameters: readonly Parameter[]): fc.Arbitrary<string> {
  const pairs = parameters.map(({ name, schema }) => {
    const right = { arbitrary: valuesOf(schema).map(String), weight: 3 };
    const value = fc.oneof(right, { arbitrary: hostileTexts, weight: 1 }).map(escape);
    return value.map((text) => `${name}=${text}`);
  });
  const others = fc
    .tuple(hostileTexts, hostileTexts)
    .map(([name, value]) => `${escape(name)}=${escape(value)}`);
  const pair = pairs.length === 0 ? others : mostly(fc.oneof(...pairs), others);
  return mostly(
    pairs.length === 0 ? fc.constant('') : fc.array(pair, { maxLength: 4 }).map((all) => all.join('&')),
    fc.array(pair, { maxLength: 4 }).map((all) => all.join('&')),
  );
}

/** Encodes a part of a URL, but leaves some reserved characters unescaped. */
function escape(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replaceAll(/%(25|2B|3D|3B|40|5B|5D)/g, (code) =>
    decodeURIComponent(code),
  );
}

/** Texts that a field value may contain (RFC 9110, section 5.5); any other one would end the connection. */
const headerTexts = hostileTexts.map((text) =>
  text.replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, '?').slice(0, 300),
);
// biome-ignore format: one name per line would hide the list
const otherHeaders = [
  'accept', 'accept-encoding', 'accept-version', 'baggage', 'content-encoding', 'content-type', 'cookie', 'forwarded',
  'if-match', 'if-none-match', 'origin', 'prefer', 'range', 'traceparent', 'tracestate', 'user-agent',
  'x-forwarded-for', 'x-http-method-override', 'x-request-id', '__proto__', 'constructor',
] as const;

function headersOf(
  parameters: readonly Parameter[],
  keys: readonly string[],
): fc.Arbitrary<Record<string, string>> {
  const known = parameters.map(({ name, schema }) => {
    // Few different values, so that some repeat.
    const value = fc.oneof(fc.nat({ max: 50 }).map(String), valuesOf(schema).map(String), headerTexts);
    return [name, fc.option(value, { nil: undefined })] as const;
  });
  const others = fc.dictionary(fc.constantFrom(...otherHeaders), headerTexts, { maxKeys: 2 });
  return fc
    .record({
      authorization: mostly(
        fc.constantFrom(...keys).map((key): string | undefined => `Bearer ${key}`),
        fc.option(headerTexts, { nil: undefined }),
      ),
      known: fc.record(Object.fromEntries(known)),
      others: mostly(fc.constant<Record<string, string>>({}), others),
    })
    .map(({ authorization, known: declared, others: rest }) => {
      const given = Object.entries({ authorization, ...declared, ...rest });
      return Object.fromEntries(
        given.flatMap(([name, value]) => (typeof value === 'string' ? [[name, value] as const] : [])),
      );
    });
}
