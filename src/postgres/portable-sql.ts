/** Pieces of SQL that mean the same whatever a role, a database or a pooler has set for the session. */

/** Whole milliseconds of a time since 1970, or of an interval, as a bigint. The text of a timestamp depends on `DateStyle`. */
export const milliseconds = (of: string) =>
  `(extract(epoch FROM date_trunc('milliseconds', ${of})) * 1000)::bigint`;

/**
 * Makes the commit of this statement wait until it is on disk, and on the synchronous standby if there is one. What waits
 * for more stays as it is.
 *
 * @see https://www.postgresql.org/docs/18/runtime-config-wal.html#GUC-SYNCHRONOUS-COMMIT
 */
export const durably = `set_config('synchronous_commit',
  CASE current_setting('synchronous_commit') WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, true)`;
