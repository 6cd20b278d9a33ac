import { describe, expect, test } from 'vitest';
import { NoServer, searchServers } from './server-search.ts';

const a = { host: 'a', port: 1 };
const b = { host: 'b', port: 2 };

/** Servers that answer when and as the test says. */
function servers() {
  const asked: string[] = [];
  const found: string[] = [];
  const answers: Record<string, PromiseWithResolvers<void>> = {};
  const search = searchServers(
    [a, b],
    ({ host }) => {
      asked.push(host);
      const answer = Promise.withResolvers<void>();
      answers[host] = answer;
      return answer.promise;
    },
    ({ host }) => found.push(host),
  );
  return { search, asked, found, answers };
}

describe('the search for the server that takes writes', () => {
  test('the first server that takes writes is found although another does not answer', async () => {
    const { search, answers, found } = servers();
    const finding = search.find();
    answers['b']?.resolve();
    expect(await finding).toBe(b);
    expect(found).toEqual(['b']);
  });

  test('connections that need a server at once share one search, and later ones its result', async () => {
    const { search, asked, answers } = servers();
    const finding = [search.find(), search.find()];
    answers['a']?.reject(new Error('a is read-only'));
    answers['b']?.resolve();
    expect(await Promise.all(finding)).toEqual([b, b]);
    expect(await search.find()).toBe(b);
    expect(asked).toEqual(['a', 'b']);
  });

  test('a server that fails a connection is searched for anew, and a new one is reported', async () => {
    const { search, asked, found, answers } = servers();
    const before = search.find();
    answers['a']?.resolve();
    await before;
    search.failed(a);
    const after = search.find();
    answers['b']?.resolve();
    expect(await after).toBe(b);
    expect(asked).toEqual(['a', 'b', 'a', 'b']);
    expect(found).toEqual(['a', 'b']);
  });

  test('the failure of an old connection does not discard the new server', async () => {
    const { search, asked, answers } = servers();
    const before = search.find();
    answers['a']?.resolve();
    await before;
    search.failed(b);
    expect(await search.find()).toBe(a);
    expect(asked).toEqual(['a', 'b']);
  });

  test('without a server that takes writes, the error has the reason of each, and the next search begins anew', async () => {
    const { search, answers } = servers();
    const finding = search.find();
    answers['a']?.reject(new Error('a:1 is read-only'));
    answers['b']?.reject(new AggregateError([new Error('connect ECONNREFUSED')]));
    await expect(finding).rejects.toThrow(
      'no server of DATABASE_URL takes writes (a:1: a:1 is read-only; b:2: Error: connect ECONNREFUSED)',
    );
    await expect(finding).rejects.toBeInstanceOf(NoServer);
    const again = search.find();
    answers['a']?.resolve();
    expect(await again).toBe(a);
  });
});
