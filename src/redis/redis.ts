import { Redis as Client, type Result } from 'ioredis';
import { type Backoff, fullJitter } from '../resilience/backoff.ts';
import { type BreakerPolicy, type CircuitState, createCircuit } from '../resilience/circuit-breaker.ts';
import { identity } from '../identity.ts';
import type { Config } from '../config/config.ts';
import { answerWithin, type Outcome } from './answer-within.ts';
import { whyUnanswered, whyUnsuitable } from './unsuitable-server.ts';

/**
 * The service keeps copies and counters in Redis, never the only copy of anything. No method throws or takes longer than
 * the command timeout: if Redis is down, slow or full, the result is `undefined` and the caller carries on without it.
 */
export interface Redis {
  /** `null` if the key does not exist. */
  get(key: string): Promise<string | null | undefined>;
  /** @param ttl milliseconds until the key expires */
  set(key: string, value: string, ttl: number): Promise<void>;
  delete(key: string): Promise<void>;
  /** Milliseconds until the key expires; `null` if it does not exist. */
  expiresIn(key: string): Promise<number | null | undefined>;
  /**
   * Adds one to a counter shared by all replicas. The window starts with the first call and lasts `window` ms.
   *
   * @returns the count in this window, and the milliseconds until it ends
   */
  countInWindow(key: string, window: number): Promise<{ count: number; endsIn: number } | undefined>;
  /** Also `open` while there is no connection, because no command is sent then. */
  circuitState(): CircuitState;
  close(): void;
}

/** Probe of the Redis client; telemetry implements it. */
export interface RedisEvents {
  /** A command is sent. Called in the async context of its caller; `command` is its name in Redis. */
  started(command: string): { ended(outcome: Outcome<unknown>): void };
  /** A command was not sent, because there is no connection or the circuit is open. */
  skipped(command: string): void;
  circuitChanged(change: {
    from: CircuitState;
    to: CircuitState;
    /** False without a connection. If true, an open circuit means that Redis did not answer in time. */
    connected: boolean;
    /** The error that broke the connection or prevented it, if one was reported. */
    cause: Error | undefined;
  }): void;
}

declare module 'ioredis' {
  interface RedisCommander<Context> {
    countInWindow(key: string, window: number): Result<[count: number, endsIn: number], Context>;
  }
}

const countInWindow = {
  numberOfKeys: 1,
  // A counter without expiry would limit its client permanently. So a missing expiry is set again on every call.
  lua: `
    local count = redis.call('INCR', KEYS[1])
    local endsIn = redis.call('PTTL', KEYS[1])
    if endsIn < 0 then
      redis.call('PEXPIRE', KEYS[1], ARGV[1])
      endsIn = tonumber(ARGV[1])
    end
    return { count, endsIn }`,
};

/**
 * Opens early, because every failure costs a request the whole command timeout, and probes early, because a probe costs
 * one request no more than that. The window is one second and not ten: with ten, it would take five seconds under load
 * until half of the commands in the window have failed.
 */
const breaker: BreakerPolicy = { errorShare: 0.5, volume: 5, window: 1000, openFor: 1000 };

const reconnecting: Backoff = { base: 50, floor: 20, cap: 2000 };

/** Milliseconds without a byte, while commands are in flight, after which a connection counts as dead. */
const silence = 2000;

/**
 * One connection, opened in the background and reopened with jitter for as long as it takes. Nothing waits for it:
 * without a connection commands are skipped at once, just as while the circuit is open.
 */
export function createRedis(config: NonNullable<Config['redis']>, events: RedisEvents): Redis {
  let usable = false;
  let lastError: Error | undefined;
  /** Times that the server turned out to be of no use, since the last write that it carried out. */
  let refusals = 0;
  const client = new Client(config.url.reveal(), {
    connectionName: identity.name,
    connectTimeout: 1000,
    disconnectTimeout: 200,
    socketTimeout: silence,
    // `welcome` looks instead: ioredis would write to the console that an account may not ask.
    enableReadyCheck: false,
    // A command that cannot be sent at once is not needed later.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    // ioredis counts from 1 again after each connection, also after one that is of no use.
    retryStrategy: (attempt) => fullJitter(Math.max(attempt, refusals), reconnecting),
    // After a failover, the connection may lead to a read-only replica.
    reconnectOnError(error) {
      if (!error.message.startsWith('READONLY')) return false;
      lastError = error;
      refusals += 1;
      return true;
    },
    scripts: { countInWindow },
  });
  const circuit = createCircuit<Outcome<unknown>>(breaker, failed, announce);

  let closing = false;
  let announced: CircuitState = 'closed';
  client.on('error', (error: Error) => {
    lastError = error;
  });
  client.on('ready', () => void welcome());
  client.on('close', () => {
    usable = false;
    announce();
  });

  /** Looks where the connection leads to. Reconnecting follows a name that comes to mean another server. */
  async function welcome(): Promise<void> {
    const [databaseRefused, unsuitable] = await Promise.all([
      refusalOfDatabase(client),
      client.info().then(whyUnsuitable, whyUnanswered),
    ]);
    const reason = databaseRefused ?? unsuitable;
    if (client.status !== 'ready') return;
    if (reason !== undefined) {
      lastError = new Error(reason);
      refusals += 1;
      client.disconnect(true);
      return;
    }
    usable = true;
    lastError = undefined;
    announce();
  }

  function isReady(): boolean {
    return usable && client.status === 'ready';
  }

  function circuitState(): CircuitState {
    return isReady() ? circuit.state() : 'open';
  }

  function announce(): void {
    const to = circuitState();
    if (closing || to === announced) return;
    events.circuitChanged({ from: announced, to, connected: isReady(), cause: lastError });
    announced = to;
  }

  async function run<T>(command: string, send: () => Promise<T>): Promise<T | undefined> {
    const outcome = isReady()
      ? await circuit.fire(async () => {
          const observation = events.started(command);
          const ended = await answerWithin(config.commandTimeout, send());
          observation.ended(ended);
          return ended;
        })
      : undefined;
    if (outcome === undefined) events.skipped(command);
    else if (outcome.kind === 'answered' && command !== 'GET') refusals = 0;
    return outcome?.kind === 'answered' ? outcome.value : undefined;
  }

  return {
    get: (key) => run('GET', () => client.get(key)),
    async set(key, value, ttl) {
      await run('SET', () => client.set(key, value, 'PX', Math.ceil(ttl)));
    },
    async delete(key) {
      await run('DEL', () => client.del(key));
    },
    async expiresIn(key) {
      const left = await run('PTTL', () => client.pttl(key));
      return left === undefined || left >= 0 ? left : null;
    },
    async countInWindow(key, window) {
      const answer = await run('EVALSHA', () => client.countInWindow(key, window));
      if (answer === undefined) return undefined;
      const [count, endsIn] = answer;
      return { count, endsIn };
    },
    circuitState,
    close() {
      closing = true;
      client.disconnect();
      circuit.close();
    },
  };
}

/** ioredis goes on in database 0 when the server refuses the one that the URL names. */
async function refusalOfDatabase(client: Client): Promise<string | undefined> {
  const { db = 0 } = client.options;
  if (db === 0) return undefined;
  return client.select(db).then(
    () => undefined,
    (error: Error) => `REDIS_URL names database ${db}, which cannot be used: ${error.message}`,
  );
}

/** An error reply comes at once and costs nothing, and a Redis that is full can still be read. */
function failed(outcome: Outcome<unknown>): boolean {
  return outcome.kind === 'unanswered';
}
