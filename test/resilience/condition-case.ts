import dns from 'node:dns';
import { vi } from 'vitest';
import { quietWorker } from '../support/clients/settings.ts';
import type { BreakablePostgres, Mend } from '../support/processes/breakable-postgres.ts';
import type { Replica } from '../support/processes/spawn-service.ts';

/** Something that is wrong with Postgres, and what the service may answer meanwhile. */
export interface Case {
  what: string;
  provokedBy: string;
  /** The answers to a new order that keep the promise. */
  allowed: readonly number[];
  env?: Record<string, string>;
  /** Default: the address of the server. */
  url?: string;
  provoke(service: Replica): Promise<Mend>;
}

/** For what ends well within the request, also on a slow machine. */
export const patient = {
  ...quietWorker,
  LOG_LEVEL: 'info',
  DATABASE_DEADLINE: '20s',
  DATABASE_POOL_MAX: '1',
};

/** Changes something on the server for new sessions, and ends the sessions that there are. */
export function setting(postgres: BreakablePostgres, change: string, back: string) {
  return async (): Promise<Mend> => {
    await postgres.sql(change, 'orders');
    await postgres.endSessions();
    return async () => {
      await postgres.sql(back, 'orders');
      await postgres.endSessions();
    };
  };
}

/** Has every new order raise an error. */
export function raising(postgres: BreakablePostgres, code: string) {
  return async (): Promise<Mend> => {
    await postgres.sql(`
      CREATE FUNCTION sabotage() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'sabotaged' USING ERRCODE = '${code}'; END $$;
      CREATE TRIGGER sabotage BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION sabotage()`);
    return async () => void (await postgres.sql('DROP TRIGGER sabotage ON orders; DROP FUNCTION sabotage'));
  };
}

/** A host name of the server that resolves when it should. Nothing else can make the resolver of this machine fail. */
export function nameFor(address: string): { url: string; resolves(whether: boolean): void } {
  const url = new URL(address);
  url.hostname = 'postgres.test';
  const { lookup } = dns;
  let away = false;
  vi.spyOn(dns, 'lookup').mockImplementation(((
    name: string,
    options: dns.LookupOptions,
    done: (error: Error | null, ...found: unknown[]) => void,
  ) => {
    if (name !== url.hostname) return lookup(name, options, done as () => void);
    if (!away) return lookup('127.0.0.1', options, done as () => void);
    const fields = { code: 'ENOTFOUND', syscall: 'getaddrinfo', hostname: name };
    return process.nextTick(done, Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), fields));
  }) as typeof dns.lookup);
  return {
    url: url.href,
    resolves(whether) {
      away = !whether;
    },
  };
}
