import { Redis as Client, type Result } from 'ioredis';
import { type Backoff, fullJitter } from '../resilience/backoff.ts';
import { type BreakerPolicy, type CircuitState, createCircuit } from '../resilience/circuit-breaker.ts';
import type { Config } from '../config/config.ts';
import { answerWithin, type Outcome } from './answer-within.ts';

/**
 * What the service keeps in Redis: copies and counters, never the truth of anything. No method throws, and none takes
 * longer than the command timeout: where Redis is away, slow or full, the answer is `undefined`, and the caller goes on
 * without it.
 */
export interface Redis {
  /** `null` where nothing is kept under the key. */
  get(key: string): Promise<string | null | undefined>;
  /** @param ttl milliseconds after which Redis forgets it */
  set(key: string, value: string, ttl: number): Promise<void>;
  delete(key: string): Promise<void>;
  /**
   * Adds one to a counter that all replicas share. It starts with the first call and is gone after `window` ms.
   *
   * @returns the count so far, and the milliseconds until the window ends
   */
  countInWindow(key: string, window: number): Promise<{ count: number; endsIn: number } | undefined>;
  /** Open also where there is no connection: nothing is sent then. */
  circuitState(): CircuitState;
  close(): void;
}

/** What the client tells about itself; telemetry listens. */
export interface RedisEvents {
  /** A command is sent, by whoever asked for it. `command` is the name that Redis knows it by. */
  started(command: string): { ended(outcome: Outcome<unknown>): void };
  /** A command was not sent: there is no connection, or the circuit is open. */
  skipped(command: string): void;
  circuitChanged(change: {
    from: CircuitState;
    to: CircuitState;
    /** Otherwise it is open because Redis did not answer in time. */
    connected: boolean;
    /** What the connection broke on, or could not be made for, where that was told. */
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
  // A counter without an end would limit its client for ever. It has one from the start, unless somebody took it away.
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
 * Opens soon, because every failure costs a request the whole command timeout, and tries again soon, because a try
 * costs one request no more than that. A window of a second and not ten: after a busy while it would take five more
 * until half of the commands in it have failed.
 */
const breaker: BreakerPolicy = { errorShare: 0.5, volume: 5, window: 1000, openFor: 1000 };

const reconnecting: Backoff = { base: 50, floor: 20, cap: 2000 };

/** Milliseconds without a byte, with commands under way, after which a connection is taken for dead. */
const silence = 2000;

/**
 * One connection, which is made in the background and made again, with jitter, for as long as it takes. Nothing waits
 * for it: without one, commands are skipped at once, and so they are while the circuit is open.
 */
export function createRedis(config: NonNullable<Config['redis']>, events: RedisEvents): Redis {
  const client = new Client(config.url.reveal(), {
    connectionName: 'orders',
    connectTimeout: 1000,
    disconnectTimeout: 200,
    socketTimeout: silence,
    // What cannot be sent at once is not wanted later.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    retryStrategy: (attempt) => fullJitter(attempt, reconnecting),
    // After a failover the connection may lead to a replica.
    reconnectOnError: ({ message }) => message.startsWith('READONLY'),
    scripts: { countInWindow },
  });
  const circuit = createCircuit<Outcome<unknown>>(breaker, failed, announce);

  let closing = false;
  let trouble: Error | undefined;
  let announced: CircuitState = 'closed';
  client.on('error', (error: Error) => {
    trouble = error;
  });
  client.on('ready', () => {
    trouble = undefined;
    announce();
  });
  client.on('close', announce);

  function circuitState(): CircuitState {
    return client.status === 'ready' ? circuit.state() : 'open';
  }

  function announce(): void {
    const to = circuitState();
    if (closing || to === announced) return;
    events.circuitChanged({ from: announced, to, connected: client.status === 'ready', cause: trouble });
    announced = to;
  }

  async function run<T>(command: string, send: () => Promise<T>): Promise<T | undefined> {
    const outcome =
      client.status === 'ready'
        ? await circuit.fire(async () => {
            const observation = events.started(command);
            const ended = await answerWithin(config.commandTimeout, send());
            observation.ended(ended);
            return ended;
          })
        : undefined;
    if (outcome === undefined) events.skipped(command);
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

/** An error that Redis answers with comes at once and costs nothing: a full Redis can still be read. */
function failed(outcome: Outcome<unknown>): boolean {
  return outcome.kind === 'unanswered';
}
