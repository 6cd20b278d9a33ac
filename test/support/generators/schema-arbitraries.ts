import * as fc from 'fast-check';

/** The part of JSON Schema that the service's own documents use. */
export interface Schema {
  type?: string;
  format?: string;
  enum?: unknown[];
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  minItems?: number;
  maxItems?: number;
}

/** Values that a schema allows, including its bounds. */
export function valuesOf(schema: Schema): fc.Arbitrary<unknown> {
  if (schema.enum) return fc.constantFrom(...schema.enum);
  switch (schema.type) {
    case 'string':
      return stringsOf(schema);
    case 'integer': {
      const { minimum: min = Number.MIN_SAFE_INTEGER, maximum: max = Number.MAX_SAFE_INTEGER } = schema;
      return fc.oneof(fc.integer({ min, max }), fc.constantFrom(min, max));
    }
    case 'array': {
      const { items = {}, minItems = 0, maxItems = 10 } = schema;
      return fc.array(valuesOf(items), { minLength: minItems, maxLength: maxItems, size: 'small' });
    }
    case 'object': {
      const { properties = {}, required = [] } = schema;
      const members = Object.entries(properties).map(([name, member]) => [name, valuesOf(member)] as const);
      return fc.record(Object.fromEntries(members), { requiredKeys: required });
    }
    default:
      throw new Error(`no values for a schema of the type ${schema.type}`);
  }
}

function stringsOf({ format, pattern, minLength = 0, maxLength = 1000 }: Schema): fc.Arbitrary<string> {
  if (format === 'uuid') return fc.uuid();
  if (format !== undefined) throw new Error(`no strings of the format ${format}`);
  if (pattern === undefined) return fc.string({ minLength, maxLength });
  const matching = fc.stringMatching(new RegExp(pattern));
  const fitting = matching.filter(({ length }) => length >= minLength && length <= maxLength);
  // Of any letters of a class, and so of one letter as often as allowed.
  if (!/^\^\[[^\]]*\]\+\$$/.test(pattern)) return fitting;
  const oneLetter = fc.stringMatching(new RegExp(pattern.replace(/\+\$$/, '$')));
  return fc.oneof(
    { arbitrary: fitting, weight: 4 },
    { arbitrary: oneLetter.map((letter) => letter.repeat(maxLength)), weight: 1 },
  );
}

/** Texts that are known to break programs. */
export const hostileTexts: fc.Arbitrary<string> = fc.oneof(
  // biome-ignore format: one text per line would hide the list
  fc.constantFrom(
    '', ' ', '0', '-1', '1e400', 'Infinity', '0x10', 'NaN', 'null', 'true', '[object Object]', '__proto__', 'constructor', '\0', 'a\nb',
    '\u2028', '\u202e', '\ud800', '\ufeff', 'é', 'e\u0301', '💳', 'İ', '<script>', '{{7*7}}', "' OR 1=1 --", '%00', '%ff',
    '%', '../../etc/passwd', '//', '\\', '"', '{', '&limit=1', 'a'.repeat(5000),
  ),
  fc.string(),
  fc.string({ unit: 'binary' }),
);

const hostileValues: fc.Arbitrary<unknown> = fc.oneof(
  hostileTexts,
  fc.constantFrom(null, true, -0, 0, -1, 0.1, 1e21, 2 ** 53, -(2 ** 53), 1e308, [], {}, [[]], [null]),
  fc.jsonValue(),
);

/** A random change of one place in a JSON value. */
interface Mutation {
  place: number;
  kind: 'replace' | 'remove' | 'add';
  name: string;
  value: unknown;
}

const mutations: fc.Arbitrary<Mutation> = fc.record({
  place: fc.nat(),
  kind: fc.constantFrom('replace', 'remove', 'add'),
  name: hostileTexts,
  value: hostileValues,
});

/** Valid values with one to a few random mutations. */
export function almostValuesOf(schema: Schema): fc.Arbitrary<unknown> {
  return fc
    .tuple(valuesOf(schema), fc.array(mutations, { minLength: 1, maxLength: 3 }))
    .map(([value, changes]) => changes.reduce(mutate, value));
}

function mutate(tree: unknown, { place, kind, name, value }: Mutation): unknown {
  const places = [...placesIn(tree)];
  const path = places[place % places.length] ?? [];
  return rebuild(tree, path, (old) => {
    if (kind === 'replace') return value;
    if (kind === 'remove') return undefined;
    if (Array.isArray(old)) return [...(old as unknown[]), value];
    return typeof old === 'object' && old !== null ? { ...old, [name]: value } : [old, value];
  });
}

function* placesIn(tree: unknown, path: readonly string[] = []): Generator<readonly string[]> {
  yield path;
  if (typeof tree !== 'object' || tree === null) return;
  for (const [name, member] of Object.entries(tree)) yield* placesIn(member, [...path, name]);
}

/** A copy of the tree with a change in one place. A member that becomes `undefined` is left out. */
function rebuild(
  tree: unknown,
  [name, ...deeper]: readonly string[],
  change: (old: unknown) => unknown,
): unknown {
  if (name === undefined) return change(tree);
  const members = Object.entries(tree ?? {}).map(
    ([each, member]) =>
      [each, each === name ? rebuild(member, deeper, change) : (member as unknown)] as const,
  );
  const left = members.filter(([, member]) => member !== undefined);
  return Array.isArray(tree) ? left.map(([, member]) => member) : Object.fromEntries(left);
}

/** Serializes the values as JSON, sometimes in an unusual form, almost valid or replaced by another text. */
export function textsOf(values: fc.Arbitrary<unknown>): fc.Arbitrary<string> {
  const written = values.map((value) => JSON.stringify(value) ?? '');
  const at = fc.nat();
  return fc.oneof(
    { arbitrary: written, weight: 8 },
    { arbitrary: values.map((value) => JSON.stringify(value, null, '\t') ?? ''), weight: 1 },
    {
      arbitrary: fc
        .tuple(written, fc.constantFrom('1e400', '-0', '1.0', '9007199254740993', '01', 'NaN', '"1"'))
        .map(([text, number]) => text.replace(/\d+/, number)),
      weight: 1,
    },
    {
      arbitrary: fc.tuple(written, at).map(([text, index]) => text.slice(0, index % (text.length + 1))),
      weight: 1,
    },
    {
      arbitrary: fc.tuple(written, at, hostileTexts).map(([text, index, inserted]) => {
        const cut = index % (text.length + 1);
        return text.slice(0, cut) + inserted + text.slice(cut);
      }),
      weight: 1,
    },
    { arbitrary: written.map((text) => text.replace(/^\{("[^"]*":[^,}[{]*)/, '{$1,$1')), weight: 1 },
    { arbitrary: hostileTexts, weight: 1 },
  );
}
