import { DatabaseError } from 'pg';
import { describe, expect, test } from 'vitest';
import { describeError } from './describe-error.ts';

/** @see https://www.postgresql.org/docs/current/protocol-error-fields.html */
function databaseError(fields: Partial<DatabaseError> & { message: string }): DatabaseError {
  return Object.assign(new DatabaseError(fields.message, 0, 'error'), fields);
}

function thrownBy(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

test('describeError returns type, code, message, stack and the chain of causes', () => {
  const cause = Object.assign(new TypeError('socket closed'), { code: 'ECONNRESET' });
  const description = describeError(new Error('gateway is away', { cause }));

  expect(description).toMatchObject({
    type: 'Error',
    message: 'gateway is away',
    cause: { type: 'TypeError', code: 'ECONNRESET', message: 'socket closed' },
  });
  expect(description.stack).toMatch(/^Error: gateway is away\n {4}at .*describe-error\.test\.ts/);
});

test('describeError ends when causes form a cycle', () => {
  const error = new Error('round and round');
  error.cause = error;
  expect(JSON.stringify(describeError(error)).length).toBeLessThan(5000);
});

test.each([['text'], [undefined], [null], [42], [{ card: '4111111111111111' }]])(
  'describeError accepts a thrown %j',
  (thrown) => {
    expect(describeError(thrown).message).not.toContain('4111');
  },
);

describe('input that an error quotes', () => {
  const canary = 'milk for "two"';

  test('describeError drops the row that Postgres puts into the detail', () => {
    const error = databaseError({
      message: 'duplicate key value violates unique constraint "orders_client_id_idempotency_key_key"',
      code: '23505',
      detail: `Key (idempotency_key)=(${canary}) already exists.`,
      where: canary,
      hint: canary,
      internalQuery: canary,
    });
    const text = JSON.stringify(describeError(error));
    expect(text).toContain('orders_client_id_idempotency_key_key');
    expect(text).not.toContain('milk for');
  });

  test('describeError drops a value that Postgres quotes, from message and stack', () => {
    const error = databaseError({
      message: `invalid input syntax for type uuid: "${canary}"`,
      code: '22P02',
    });
    const description = describeError(error);
    expect(description.message).toBe('invalid input syntax for type uuid: …');
    expect(description.stack).toMatch(/^error: invalid input syntax for type uuid: …\n {4}at /);
    expect(JSON.stringify(description)).not.toContain('milk for');
  });

  test('describeError drops the body that JSON.parse quotes', () => {
    for (const body of [
      `{"note": ${canary}`,
      canary,
      `{${canary}`,
      `{"a":1,"b":"${'x'.repeat(99)}" ${canary}`,
    ]) {
      const error = thrownBy(() => JSON.parse(body));
      expect(error).toBeInstanceOf(SyntaxError);
      const text = JSON.stringify(describeError(new Error('unreadable', { cause: error })));
      expect(text).toContain('JSON');
      expect(text).not.toMatch(/milk|two/);
    }
  });

  test('describeError cuts a message of many pages without leaking half a card number', () => {
    expect(describeError(new Error('x'.repeat(10_000))).message.length).toBeLessThan(600);
    expect(describeError(new Error(`${'x '.repeat(248)}4111111111111111`)).message).not.toMatch(/4111/);
  });

  test('describeError scrubs card numbers, e-mail addresses and keys in the messages of all causes', () => {
    const error = new Error('no 4111111111111111', {
      cause: new Error('jane@example.com, Bearer sk_live_1'),
    });
    expect(JSON.stringify(describeError(error))).not.toMatch(/4111|jane|sk_live/);
  });
});
