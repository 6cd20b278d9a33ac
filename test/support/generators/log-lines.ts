import fc from 'fast-check';
import { usualFields } from '../../../lab/logs/lines/fields.ts';

const usual = Object.values(usualFields).flat();
const name = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...usual) },
  {
    weight: 3,
    arbitrary: fc.constantFrom('a', 'customer', 'order.id', '', '__proto__', '1', 'naïve', 'level '),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 6 }) },
);
const hex = (length: number) =>
  fc.string({
    unit: fc.constantFrom(...Array.from('0123456789abcdefABCDEF')),
    minLength: length,
    maxLength: length,
  });
const text = fc.oneof(
  fc.constantFrom('info', 'ERROR', 'Warning', 'err', 'fatal', 'x', '', '50', 'orders', 'payments', ' info '),
  fc.constantFrom(
    '{"level":"error"}',
    '"level":"error"',
    'a\nb',
    'tab\t',
    '\u0000',
    'ünïcode',
    '\u{1f600}',
    '\ud800',
    'a/b',
    '\\',
  ),
  fc
    .date({ noInvalidDate: true, min: new Date(0), max: new Date('2500-01-01') })
    .map((date) => date.toISOString()),
  fc.constantFrom(
    '2026-11-28T01:32:00Z',
    '2026-11-28T01:32:07.5Z',
    '2026-11-28 01:32:07,123',
    '2026-11-28T01:32:07.123456789+02:00',
    '2026-02-30T00:00:00Z',
    '2026-11-28T24:00:07Z',
    '2026-11-28T01:32:60Z',
    '2026-11-28T01:32:07.Z',
    '2026-11-28T01:32:07.1234567891Z',
  ),
  fc.constantFrom(16, 32, 31).chain(hex),
  fc.constant('0'.repeat(32)),
  fc.string({ unit: 'binary', maxLength: 150 }),
);
const number = fc.oneof(
  fc.constantFrom(
    '0',
    '-0',
    '10',
    '30',
    '50',
    '60',
    '55.5',
    '1e2',
    '-1',
    '01',
    '1.',
    '.5',
    '1E+2',
    '--1',
    'NaN',
    '1790000000',
    '1790000000123',
    '1790000000.5',
    '1790000000123456789',
    '999999999999999',
    '9007199254740993',
    '1e400',
  ),
  fc.integer().map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
);
const escapeOf = (of: string, at: number) => `\\u${of.charCodeAt(at).toString(16).padStart(4, '0')}`;
/** A JSON text of a string, with any of the forms that it may have. */
const string = fc
  .tuple(text, fc.boolean())
  .map(([value, escapes]) =>
    escapes
      ? `"${Array.from({ length: value.length }, (_, at) => escapeOf(value, at)).join('')}"`
      : JSON.stringify(value),
  );
const spaces = fc.constantFrom('', '', '', '', ' ', '  ', '\t', '\r');
const { value } = fc.letrec<{ value: string; object: string; array: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    string,
    number,
    fc.constantFrom(
      'true',
      'false',
      'null',
      'nul',
      'True',
      '""',
      '{}',
      '[]',
      '[1,]',
      '{"a"}',
      '"\\x"',
      '"\\u12g4"',
      "'a'",
      '"',
    ),
    tie('object'),
    tie('array'),
  ),
  object: fc
    .array(fc.tuple(string, spaces, spaces, tie('value')), { maxLength: 3 })
    .map(
      (members) => `{${members.map(([key, before, after, own]) => `${key}${before}:${after}${own}`).join()}}`,
    ),
  array: fc
    .array(fc.tuple(tie('value'), spaces), { maxLength: 3 })
    .map((values) => `[${values.map(([own, after]) => own + after).join()}]`),
}));
const key = fc
  .tuple(name, fc.integer({ min: 0, max: 19 }))
  .map(([own, escape]) =>
    escape === 0 && own !== ''
      ? `"\\u${own.charCodeAt(0).toString(16).padStart(4, '0')}${JSON.stringify(own.slice(1)).slice(1)}`
      : JSON.stringify(own),
  );
/** Half of the members are of a form that the fast path takes. */
const member = fc.oneof(
  fc
    .tuple(
      key,
      fc.oneof(
        string,
        number.filter((each) => /^\d+$/.test(each)),
        fc.constantFrom('true', 'null'),
      ),
    )
    .map(([own, of]) => `${own}:${of}`),
  fc
    .tuple(key, spaces, spaces, value, spaces)
    .map(([own, before, after, of, end]) => `${own}${before}:${after}${of}${end}`),
);
const jsonLine = fc
  .tuple(spaces, fc.array(member, { maxLength: 6 }), spaces)
  .map(([before, members, after]) => `${before}{${members.join()}}${after}`);
/** A line with bytes put in anywhere: invalid UTF-8, NUL, a quote too many. */
const damaged = (lines: fc.Arbitrary<string>, bytes: fc.Arbitrary<number>) =>
  fc.tuple(lines, fc.nat(), fc.array(bytes, { minLength: 1, maxLength: 3 })).map(([own, at, added]) => {
    const whole = Buffer.from(own);
    const middle = at % (whole.length + 1);
    return Buffer.concat([
      whole.subarray(0, middle),
      Buffer.from(added.filter((byte) => byte !== 10)),
      whole.subarray(middle),
    ]);
  });
const line = fc.oneof(
  { weight: 8, arbitrary: jsonLine.map((own) => Buffer.from(own)) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom(
        '',
        ' ',
        '42',
        '"text"',
        '[1]',
        'plain text',
        '\ufeff{"level":"error"}',
        '{"level":"error"} x',
        '{"level":"error"',
      )
      .map((own) => Buffer.from(own)),
  },
  { weight: 3, arbitrary: damaged(jsonLine, fc.nat({ max: 255 })) },
);
const plainValues = {
  text: string.filter((each) => !each.includes('\\')),
  whole: fc.oneof(fc.constantFrom('0', '30', '50', '999999999999999'), fc.nat().map(String)),
  literal: fc.constantFrom('true', 'false', 'null'),
};
/** Lines of one statement of a program: the same members with other values, now and then one of another kind. */
const fewSpaces = fc.constantFrom('', '', '', '', '', '', '', '', ' ', '\t');
const linesOfOneShape = fc
  .uniqueArray(fc.tuple(key, fewSpaces, fewSpaces, fc.constantFrom('text', 'whole', 'literal'), fewSpaces), {
    maxLength: 6,
    selector: ([named]) => named,
  })
  .chain((members) => {
    const values = members.map(([, , , kind]) =>
      fc.oneof({ weight: 12, arbitrary: plainValues[kind] }, { weight: 1, arbitrary: value }),
    );
    const whole = fc
      .tuple(...values)
      .map(
        (own) =>
          `{${members.map(([named, before, after, , end], index) => `${named}${before}:${after}${own[index]}${end}`).join()}}`,
      );
    const special = fc.constantFrom(...Buffer.from('"\\,:{}0.e \r-'));
    return fc.array(
      fc.oneof(
        { weight: 8, arbitrary: whole.map((own) => Buffer.from(own)) },
        { weight: 1, arbitrary: damaged(whole, special) },
      ),
      { minLength: 2, maxLength: 8 },
    );
  });
/** Lines of several statements, in any order. */
const linesOfSomeShapes = fc
  .tuple(fc.array(linesOfOneShape, { minLength: 1, maxLength: 3 }), fc.infiniteStream(fc.nat({ max: 2 })))
  .map(([shapes, order]) => {
    const left = shapes.map((lines) => [...lines]);
    const mixed: Buffer[] = [];
    for (const which of order) {
      if (left.every((lines) => lines.length === 0)) break;
      const next = left[which % left.length]?.shift();
      if (next !== undefined) mixed.push(next);
    }
    return mixed;
  });
/** A log of lines in every form, valid or not, with the line ends of all systems. */
export const generatedLog = fc
  .tuple(
    fc.oneof(fc.array(line, { maxLength: 12 }), linesOfSomeShapes),
    fc.array(fc.constantFrom('\n', '\n', '\n', '\r\n'), { minLength: 1, maxLength: 8 }),
    fc.boolean(),
  )
  .map(([lines, ends, endsWithLineFeed]) => {
    const content = Buffer.concat(
      lines.flatMap((own, index) => [own, Buffer.from(ends[index % ends.length] ?? '')]),
    );
    return endsWithLineFeed
      ? content
      : Buffer.concat([content, Buffer.from('{"level":"warn","service":"last"}')]);
  });
