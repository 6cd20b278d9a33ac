import { expect, test } from 'vitest';
import { readDatabaseUrl } from '../../config/database-url.ts';
import type { Statement } from '../../postgres/database.ts';
import { createLogger } from '../logging/logger.ts';
import { createMetrics } from '../metrics/metrics.ts';
import { observeDatabase } from './postgres.ts';

test('a retry of a statement that three callers share is one that was made and one that succeeded in the end', async () => {
  const metrics = createMetrics();
  const { started } = observeDatabase(createLogger({ service: 'test', level: 'silent' }), metrics, {
    url: readDatabaseUrl('postgres://db/test'),
    makeSpans: true,
  });
  const statement: Statement = { name: 'insert_rows', summary: 'INSERT rows', text: '', repeatable: true };
  const rows = Array.from({ length: 3 }, () => started(statement, { inSharedStatement: true }));
  for (const [index, row] of rows.entries())
    row.retrying({ attempt: 1, delay: 5, error: new Error('lost'), reason: 'lost', repeated: index > 0 });
  for (const row of rows) row.ended();

  const text = await metrics.render('text');
  expect(text.split('\n').filter((line) => line.startsWith('retries_total{'))).toEqual([
    'retries_total{dependency="postgres",operation="insert_rows",result="retried"} 1',
    'retries_total{dependency="postgres",operation="insert_rows",result="recovered"} 1',
  ]);
});
