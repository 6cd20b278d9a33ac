import { type Attack, chunked, order, post } from './attack.ts';

const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;
const withMember = (member: string) => order.replace('{', `{${member},`);
const priced = (price: string) => post(order.replace('450', price));
const named = (name: string) => post(order.replace('cus_42', name));
const many = (count: number, each: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => each(index)).join();

/** JSON that is expensive to read, or that two parsers could read differently. */
export const bodies: readonly Attack[] = [
  { what: '30,000 levels of lists', send: post(nested(30_000)) },
  { what: '100,000 levels of lists', send: post(nested(100_000)) },
  {
    what: '10,000 levels of objects in place of an item',
    send: post(order.replace('[{', `[${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)},{`)),
  },
  {
    what: '5,000 unknown members',
    send: post(withMember(many(5000, (index) => `"k${index}":1`))),
  },
  { what: '20,000 items', send: post(`{"items":[${many(20_000, () => '{}')}]}`) },
  { what: '60 kB of white space', send: post(`${' '.repeat(60_000)}${order}`) },
  { what: 'a text of 60 kB in a field with a pattern', send: named('a'.repeat(60_000)) },
  {
    what: 'a text of 60 kB in a field with a pattern, with a last character that does not match',
    send: named(`${'a'.repeat(60_000)}!`),
  },
  { what: 'a text of 60 kB of escapes', send: named(String.raw`\u0061`.repeat(10_000)) },
  { what: 'a text of 60 kB of escaped quotes', send: named(String.raw`\"`.repeat(30_000)) },
  { what: 'a body of 65,537 bytes', send: post(order.padEnd(65_537)) },
  { what: 'a duplicate member with the same value', send: post(withMember('"currency":"EUR"')) },
  { what: 'a duplicate member with another value', send: post(withMember('"currency":"JPY"')) },
  {
    what: 'a duplicate member with an escaped name',
    send: post(withMember(String.raw`"\u0063urrency":"JPY"`)),
  },
  {
    what: 'a duplicate member in an item',
    send: post(order.replace('"quantity":2', '"quantity":2,"quantity":3')),
  },
  { what: '`__proto__`', send: post(withMember('"__proto__":{"admin":true}')) },
  { what: '`__proto__`, escaped', send: post(withMember(String.raw`"\u005f\u005fproto__":{"admin":true}`)) },
  { what: '`__proto__` in an item', send: post(order.replace('[{', '[{"__proto__":{"quantity":1},')) },
  { what: '`constructor.prototype`', send: post(withMember('"constructor":{"prototype":{"admin":true}}')) },
  { what: '`toString` and `hasOwnProperty`', send: post(withMember('"toString":1,"hasOwnProperty":1')) },
  { what: 'a price of 1e400', send: priced('1e400') },
  { what: 'a price of -1e400', send: priced('-1e400') },
  { what: 'a price of 2^53 + 1', send: priced('9007199254740993') },
  { what: 'a price of 10,000 digits', send: priced('9'.repeat(10_000)) },
  {
    what: 'a price of 449.99999999999999999 (which is 450 to a double)',
    send: priced('449.99999999999999999'),
  },
  { what: 'a price of 450.0 (which is an integer to JSON Schema)', send: priced('450.0') },
  { what: 'a price of 4.5e2 (which is an integer too)', send: priced('4.5e2') },
  { what: 'a price of -0', send: priced('-0') },
  { what: 'a price of 0450', send: priced('0450') },
  { what: 'a price of 0x1C2', send: priced('0x1C2') },
  { what: 'a price of NaN', send: priced('NaN') },
  { what: 'a price of "450"', send: priced('"450"') },
  { what: 'a text that is not UTF-8', send: named('caf\xe9') },
  { what: 'an overlong form of UTF-8', send: named('\xc0\xae') },
  { what: 'half of a surrogate pair in UTF-8', send: named('\xed\xa0\x80') },
  { what: 'half of a surrogate pair, escaped', send: named(String.raw`\ud800`) },
  { what: 'a null byte in a text, escaped', send: named(String.raw`a\u0000`) },
  { what: 'a null byte in a text', send: named('a\0') },
  { what: 'a null byte after the body', send: post(`${order}\0`) },
  { what: 'two bodies in one', send: post(`${order}${order}`) },
  { what: 'comments', send: post(`/* */${order}`) },
  { what: 'a comma after the last member', send: post(order.replace('}]', ',}]')) },
  { what: 'JSON in UTF-16', send: post(Buffer.from(order, 'utf16le').toString('latin1')) },
  { what: '`<script>` in place of a name', send: named('<script>alert(1)</script>') },
  { what: 'SQL in place of a name', send: named("x'); DROP TABLE orders; --") },
  {
    what: 'a card number in place of a token',
    send: post(order.replace('tok_visa', '4242424242424242')),
  },
  { what: 'an order in one chunk', send: chunked(order) },
];
