import type { TestDatabase } from '../processes/database.ts';

/**
 * What a role, a database or a managed plan may set for every session, each to the value that is worst for whoever relies on
 * the default. New sessions have them.
 */
const hostile: Readonly<Record<string, string>> = {
  DateStyle: 'SQL, DMY',
  IntervalStyle: 'sql_standard',
  TimeZone: 'Asia/Kathmandu',
  bytea_output: 'escape',
  extra_float_digits: '-10',
  synchronous_commit: 'off',
  default_transaction_isolation: 'serializable',
  search_path: 'elsewhere',
  lock_timeout: '1ms',
  statement_timeout: '0',
  transform_null_equals: 'on',
  standard_conforming_strings: 'off',
};

export async function makeHostile(
  { sql, name }: TestDatabase,
  { except = [] }: { except?: readonly string[] } = {},
): Promise<void> {
  for (const [setting, value] of Object.entries(hostile).filter(([each]) => !except.includes(each))) {
    await sql(`ALTER DATABASE ${name} SET ${setting} TO ${value === 'SQL, DMY' ? value : `'${value}'`}`);
  }
}

/** Records how the commit of every write of an order waits, at the commit. */
export const recordCommits = `
  CREATE TABLE commits (statement text, waits text, isolation text);
  CREATE FUNCTION record_commit() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    INSERT INTO public.commits
    VALUES (TG_OP, current_setting('synchronous_commit'), current_setting('transaction_isolation'));
    RETURN NULL;
  END $$;
  CREATE CONSTRAINT TRIGGER record_commit AFTER INSERT OR UPDATE ON orders
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION record_commit()`;

export interface RecordedCommit {
  statement: string;
  waits: string;
  isolation: string;
}
