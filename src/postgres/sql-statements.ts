/** What the migrations need to know of SQL: where a statement ends, and which ones a transaction cannot hold. */

/** Comments, text, quoted names and dollar-quoted bodies, in which a semicolon ends nothing. */
const token =
  /(?<comment>--[^\n]*|\/\*[^]*?\*\/)|\bE'(?:[^'\\]|\\[^]|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(?<tag>\w*)\$[^]*?\$\k<tag>\$|(?<end>;)|[^]/gi;

/** Splits SQL into its statements, without comments. */
export function statementsOf(sql: string): string[] {
  const statements = [''];
  for (const { 0: text, groups } of sql.matchAll(token)) {
    if (groups?.['end'] !== undefined) statements.push('');
    else statements[statements.length - 1] += groups?.['comment'] === undefined ? text : ' ';
  }
  return statements.map((statement) => statement.trim()).filter((statement) => statement !== '');
}

/**
 * Whether a statement works online: it blocks no reads and writes, and Postgres refuses it in a transaction. A materialized
 * view that is refreshed CONCURRENTLY is not among them: it may stand in a transaction.
 *
 * @see https://www.postgresql.org/docs/18/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY
 */
export function isOnline(statement: string): boolean {
  return /^(?:CREATE\s+(?:UNIQUE\s+)?INDEX|DROP\s+INDEX|REINDEX\b[^;]*?|ALTER\s+TABLE\b[^;]*?\sDETACH\s+PARTITION\b[^;]*?)\s+CONCURRENTLY\b/i.test(
    statement,
  );
}

/** An index by name and by table, both as SQL spells them. */
export interface IndexName {
  index: string;
  table: string;
}

/** The index that a statement builds online, unless Postgres chooses its name. */
export function indexBuiltBy(statement: string): IndexName | undefined {
  const name = String.raw`(?:"(?:[^"]|"")+"|[\w$\u0080-\uffff]+)`;
  const { groups } =
    new RegExp(
      String.raw`^CREATE\s+(?:UNIQUE\s+)?INDEX\s+CONCURRENTLY\s+(?:IF\s+NOT\s+EXISTS\s+)?(?<index>${name})\s+ON\s+(?:ONLY\s+)?(?<table>${name}(?:\.${name})?)`,
      'i',
    ).exec(statement) ?? {};
  const { index, table } = groups ?? {};
  return index === undefined || table === undefined ? undefined : { index, table };
}
