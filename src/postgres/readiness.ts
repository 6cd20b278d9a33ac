import { Pool, type PoolClient, type QueryConfig, type QueryResultRow } from 'pg';
import { identity } from '../identity.ts';
import type { Config } from '../config/config.ts';
import { type Database, poolConfig, type Statement } from './database.ts';
import { type Condition, conditions } from './decisions.ts';
import { decide, faultCode } from './faults.ts';
import { differingSettings } from './differing-settings.ts';
import { startTimeLimit } from '../resilience/time-limit.ts';
import { missingMigrations } from './missing-migrations.ts';
import { createSessions, type Settings } from './sessions.ts';
import { UnsuitableServer } from './unsuitable-server.ts';

/** Whether Postgres can store, and if not, why. */
export interface PostgresCheck {
  ok: boolean;
  /** Names the condition, whether or not it keeps this instance from being ready. */
  detail?: string;
}

export interface PostgresReadiness {
  /** Answers within half a second, whatever Postgres and the pool do. Never throws. */
  check(): Promise<PostgresCheck>;
  close(): Promise<void>;
}

/** Milliseconds for a check. Load balancers and kubelets ask every few seconds and wait for about one. */
const limit = 500;
/** Milliseconds to connect, and for a statement. Shorter, so that a check can say what took too long. */
const stepLimit = 400;
/** Milliseconds in which a success of a request shows that Postgres is there, though it has no time for the check. */
const recent = 2000;
/** Milliseconds. The connection stays open between checks, so that a server without a free one can still be asked. */
const keepFor = 60_000;

/** Postgres is there, and has no time or no connection left. */
const busy: ReadonlySet<Condition> = new Set(['no_answer', 'too_many_connections']);

/** The connection that was kept is of no use any more. A new one tells what the matter is, if anything. */
const stale: ReadonlySet<Condition> = new Set(['connection_lost', 'stopping']);

const readState: Statement = {
  name: 'read_state',
  summary: 'SELECT pg_settings',
  text: `
    SELECT current_setting('transaction_read_only') = 'on' AS read_only,
      (SELECT json_object_agg(name, setting) FROM pg_settings WHERE name = ANY($1)) AS settings`,
  repeatable: true,
};

/**
 * Asks Postgres on a connection of its own, so that a check never waits behind requests: a full pool, or a lock that fills
 * it, is no reason to leave the load balancer, because the other replicas share the cause.
 *
 * A server that only reads is not ready: nothing can be stored. Conditions that only requests meet, such as a full disk,
 * are named and do not make the instance unready: the check could not see their end.
 *
 * A session whose settings are not what the service relies on is not ready either, although it would answer.
 */
export function createPostgresReadiness(
  config: Config['postgres'],
  log: Database['conditions'],
): PostgresReadiness {
  const sessions = createSessions({ ...config, connectTimeout: stepLimit });
  const own = new Pool({
    ...poolConfig(config, sessions),
    application_name: `${identity.name}-readiness`,
    max: 1,
    connectionTimeoutMillis: stepLimit,
    idleTimeoutMillis: keepFor,
    // What was changed for new sessions shows in the next one.
    maxLifetimeSeconds: keepFor / 1000,
  });
  // The next check reports what is wrong.
  const ignore = () => {};
  own.on('error', ignore);
  let inFlight: Promise<PostgresCheck> | undefined;

  /** Connections that an earlier check has kept. */
  const kept = new WeakSet<PoolClient>();

  /** A session that is still open proves nothing while requests cannot open one, as after a change of the password. */
  async function connect(): Promise<PoolClient> {
    const client = await own.connect();
    const requestsFail = log.open().some(({ condition }) => conditions[condition].of === 'connection');
    if (!requestsFail || !kept.has(client)) return client;
    client.release(true);
    return own.connect();
  }

  async function ask(client: PoolClient): Promise<PostgresCheck> {
    const run = async <Row extends QueryResultRow>({ text }: Statement, values: readonly unknown[]) => {
      const query: QueryConfig = { text, values: [...values] };
      const { rows } = await client.query<Row>({ ...query, query_timeout: stepLimit } as QueryConfig);
      return rows;
    };
    const meant = sessions.reliedOn();
    const [state] = await run<{ read_only: boolean; settings: Settings }>(readState, [Object.keys(meant)]);
    log.succeeded();
    if (state?.read_only) return notReady('read_only', 'transaction_read_only is on');
    const missing = await missingMigrations({ run });
    if (missing.length > 0) return { ok: false, detail: `not migrated: ${missing.join(', ')}` };
    const differing = differingSettings(state?.settings ?? {}, meant);
    if (differing.length > 0) return refuseSettings(differing.join(', '));
    log.succeeded(readState.summary);
    return ready(log.open().map(({ condition, code }) => describe(condition, code)));
  }

  /** Statements succeed meanwhile, so nothing but this check can report it. */
  function refuseSettings(detail: string): PostgresCheck {
    const error = new UnsuitableServer('settings_differ', detail);
    const decision = decide(error);
    if (decision.kind !== 'defect')
      log.met({ decision, code: error.code, statement: readState.summary, error });
    return notReady('settings_differ', detail);
  }

  async function askOrExplain(attemptsLeft = 1): Promise<PostgresCheck> {
    try {
      const client = await connect();
      client.on('error', ignore);
      // After anything but a success, the next check connects anew: it may reach another server, or with other rights.
      let spent = true;
      try {
        const check = await ask(client);
        spent = !check.ok;
        kept.add(client);
        return check;
      } finally {
        client.off('error', ignore);
        client.release(spent);
      }
    } catch (error) {
      const decision = decide(error);
      const code = faultCode(error);
      if (decision.kind === 'defect') return { ok: false, detail: `unexpected: ${code}` };
      if (attemptsLeft > 0 && stale.has(decision.condition)) return askOrExplain(attemptsLeft - 1);
      return failed(decision.condition, code === 'unknown' ? decision.reason : code);
    }
  }

  function failed(condition: Condition, detail: string): PostgresCheck {
    return busy.has(condition) && log.succeededWithin(recent)
      ? ready([`${describe(condition, detail)}; a statement has just succeeded`])
      : notReady(condition, detail);
  }

  return {
    async check() {
      inFlight ??= askOrExplain().finally(() => {
        inFlight = undefined;
      });
      const { promise: late, resolve } = Promise.withResolvers<PostgresCheck>();
      const giveUp = () => resolve(failed('no_answer', `no answer within ${limit} ms`));
      const timeLimit = startTimeLimit({ elapsed: limit }, giveUp);
      try {
        return await Promise.race([inFlight, late]);
      } finally {
        timeLimit.clear();
      }
    },
    close: () => own.end(),
  };
}

function ready(named: readonly string[]): PostgresCheck {
  return named.length === 0 ? { ok: true } : { ok: true, detail: named.join('; ') };
}

function notReady(condition: Condition, detail: string): PostgresCheck {
  return { ok: false, detail: describe(condition, detail) };
}

/** Such as `disk_full: the disk of Postgres is full (53100)`. */
function describe(condition: Condition, detail: string): string {
  return `${condition}: ${conditions[condition].text} (${detail})`;
}
