import { expect, test } from 'vitest';
import { baseUrl, pageUrl, serverUrl } from './addresses.ts';
import { listOf } from './environment.ts';

const rest = { meaning: 'where it is' };
const kinds = { baseUrl: baseUrl(rest), serverUrl: serverUrl(rest), pageUrl: pageUrl(rest) };

test.each([
  ['http://127.0.0.1:7072', ['baseUrl', 'serverUrl', 'pageUrl']],
  ['https://example.com/', ['baseUrl', 'serverUrl', 'pageUrl']],
  ['https://example.com/v1', ['baseUrl', 'pageUrl']],
  ['https://example.com//', ['baseUrl', 'pageUrl']],
  ['https://example.com/metrics?name=up', ['pageUrl']],
  ['https://example.com?', ['pageUrl']],
  ['https://example.com/#', []],
  ['https://user:password@example.com', []],
  ['https://user@example.com', []],
  ['https://', []],
  ['ftp://example.com', []],
  ['example.com', []],
])('a URL is accepted only where all of its parts are used: %s', (url, accepting) => {
  const accepted = Object.entries(kinds).filter(([, kind]) => kind.parse(url) === url);
  expect(accepted.map(([name]) => name)).toEqual(accepting);
});

test('a list takes one or more values, and no list with a bad one', () => {
  const list = listOf(kinds.serverUrl);
  expect(list.parse('http://one, http://two')).toEqual(['http://one', 'http://two']);
  expect(list.parse('http://one')).toEqual(['http://one']);
  for (const bad of ['', 'http://one,', 'http://one,http://two/v1']) expect(list.parse(bad)).toBeUndefined();
});
