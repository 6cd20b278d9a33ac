import type { HttpRequest } from '../clients/http-exchange.ts';

/** The parts of an OpenAPI document that describe the content of requests. */
export interface RequestDocument {
  paths: Record<string, Record<string, Operation>>;
}

interface Operation {
  parameters?: Array<{ name: string; in: 'path' | 'query' | 'header'; schema: Schema }>;
  requestBody?: { content: Record<string, { schema: Schema; example?: unknown }> };
}

interface Schema {
  type?: string;
  format?: string;
  enum?: string[];
  properties?: Record<string, Schema>;
  items?: Schema;
}

export interface NamedRequest {
  /** The place of the text in the request. */
  what: string;
  request: HttpRequest;
}

/**
 * For every operation of the document, requests that are valid except in one place, which holds the text: each
 * parameter, each value of the body at any depth, an undocumented name and value, and each of the headers.
 */
export function requestsWith(
  text: string,
  { paths }: RequestDocument,
  { headers, otherHeaders }: { headers: Record<string, string>; otherHeaders: readonly string[] },
): NamedRequest[] {
  return Object.entries(paths).flatMap(([template, operations]) =>
    Object.entries(operations).flatMap(([verb, operation]) => {
      const parts = partsOf(template, verb.toUpperCase(), operation, headers);
      return [
        ...inParameters(text, parts),
        ...inHeaders(text, parts, otherHeaders),
        ...inBody(text, parts),
      ].map(({ what, request }) => ({ what: `${verb} ${template}, ${what}`, request }));
    }),
  );
}

interface Parts {
  method: string;
  template: string;
  headers: Record<string, string>;
  parameters: NonNullable<Operation['parameters']>;
  body?: { schema: Schema; example: unknown };
}

function partsOf(
  template: string,
  method: string,
  { parameters = [], requestBody }: Operation,
  headers: Record<string, string>,
): Parts {
  const content = requestBody?.content['application/json'];
  if (content && content.example === undefined) throw new Error(`${method} ${template} has no example`);
  return {
    method,
    template,
    headers: { ...headers, ...(content && { 'content-type': 'application/json' }) },
    parameters,
    ...(content && { body: { schema: content.schema, example: content.example } }),
  };
}

/** A valid request with the given parts replaced. */
function requestOf(
  { method, template, headers, parameters, body }: Parts,
  change: { path?: Record<string, string>; query?: string; headers?: Record<string, string>; body?: unknown },
): HttpRequest {
  const samples = parameters
    .filter((parameter) => parameter.in === 'path')
    .map(({ name, schema }) => [name, sampleOf(schema)] as const);
  const path = Object.entries({ ...Object.fromEntries(samples), ...change.path }).reduce(
    (filled, [name, value]) => filled.replace(`{${name}}`, value),
    template,
  );
  const content = 'body' in change ? change.body : body?.example;
  return {
    method,
    path: change.query === undefined ? path : `${path}?${change.query}`,
    headers: { ...headers, ...change.headers },
    ...(content !== undefined && { body: typeof content === 'string' ? content : JSON.stringify(content) }),
  };
}

function sampleOf({ format, enum: values = [] }: Schema): string {
  return format === 'uuid' ? '019aa1c4-5f7e-7c3a-9d0b-2f4f6f1f9b11' : (values[0] ?? '1');
}

/** Encodes a text for a URL, without encoding existing escapes again. */
export function inUrl(text: string): string {
  return text.replaceAll(/[^\w.~!$'()*,;:@%-]/g, encodeURIComponent);
}

function inParameters(text: string, parts: Parts): NamedRequest[] {
  const value = inUrl(text);
  const declared = parts.parameters.map(({ name, in: place }) => ({
    what: `${place} ${name}`,
    request: requestOf(parts, {
      ...(place === 'path' && { path: { [name]: value } }),
      ...(place === 'query' && { query: `${name}=${value}` }),
      ...(place === 'header' && { headers: { [name]: text } }),
    }),
  }));
  return [
    ...declared,
    { what: 'the name of a query', request: requestOf(parts, { query: `${value}=1` }) },
    { what: 'a query of another name', request: requestOf(parts, { query: `other=${value}&${value}` }) },
  ];
}

/** https://www.rfc-editor.org/rfc/rfc9110#name-tokens */
const token = /^[\w!#$%&'*+.^`|~-]+$/;

function inHeaders(text: string, parts: Parts, names: readonly string[]): NamedRequest[] {
  const values = names.map((name) => ({
    what: `header ${name}`,
    request: requestOf(parts, { headers: { [name]: text } }),
  }));
  if (!token.test(text)) return values;
  return [
    ...values,
    { what: 'the name of a header', request: requestOf(parts, { headers: { [text]: '1' } }) },
  ];
}

function inBody(text: string, parts: Parts): NamedRequest[] {
  const { body } = parts;
  if (body === undefined) return [];
  const { schema, example } = body;
  const number = /^\d+$/.test(text) ? [Number(text)] : [];
  const placed = [...placesIn(schema)].flatMap(([place, { properties }]) => {
    const values = [text, ...number, [text], { [text]: text }].map((value) => replace(example, place, value));
    const unknown = properties ? [replace(example, [...place, text], text)] : [];
    return [...values, ...unknown].map((changed) => ({
      what: `body ${place.join('/')}`,
      request: requestOf(parts, { body: changed ?? null }),
    }));
  });
  const whole = JSON.stringify(example);
  const unreadable = [
    `${whole.slice(0, 20)} ${text}`,
    `${whole} ${text}`,
    `{"${text}": ${text}`,
    JSON.stringify(text),
    `{"__proto__": "${text}"}`,
    JSON.stringify({ [text]: text.repeat(70_000 / text.length) }),
  ].map((changed) => ({ what: 'an unreadable body', request: requestOf(parts, { body: changed }) }));
  return [...placed, ...unreadable];
}

/** Every place in a value of the schema, beginning with the whole value. Lists have only their first item. */
function* placesIn(schema: Schema, at: readonly string[] = []): Generator<[readonly string[], Schema]> {
  yield [at, schema];
  for (const [name, member] of Object.entries(schema.properties ?? {}))
    yield* placesIn(member, [...at, name]);
  if (schema.items) yield* placesIn(schema.items, [...at, '0']);
}

/** A copy of the tree with the value replaced in one place. */
function replace(tree: unknown, [name, ...deeper]: readonly string[], value: unknown): unknown {
  if (name === undefined) return value;
  if (Array.isArray(tree)) return tree.with(Number(name), replace(tree[Number(name)], deeper, value));
  const members = Object.entries(tree ?? {});
  const before = members.find(([each]) => each === name)?.[1];
  return Object.fromEntries([
    ...members.filter(([each]) => each !== name),
    [name, replace(before, deeper, value)],
  ]);
}
