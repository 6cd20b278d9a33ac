import { currentContext, type InContext, outsideRequests } from '../async-context.ts';
import { createMicroBatcher } from '../batching/micro-batcher.ts';
import { ServiceError } from '../errors.ts';
import { type Deadline, noDeadline } from '../resilience/deadline.ts';
import { CutShort } from './cut-short.ts';
import {
  type Attempts,
  type Database,
  observed,
  RowFault,
  type RetryEvent,
  type Statement,
  type StatementObservation,
} from './database.ts';

/** A write of one row that can share its statement, and so its round trip and its commit, with the rows of other callers. */
export interface RowStatement<Input> {
  /** The statement of a row that runs by itself. */
  alone(input: Input): Statement;
  /** Its values. */
  values(input: Input): readonly unknown[];
  /**
   * The statement of many rows, in one parameter of type jsonb. It returns a row, with the `id` of its input, for each
   * input that it wrote.
   */
  together: Statement;
  /** What `together` takes of an input, with its id. */
  row(input: Input): object;
  id(input: Input): string;
  /** Whether `together` leaves out rows that another session has locked. Such a row runs again, alone. */
  skipsLocked: boolean;
}

export interface RowWriter<Input, Row> {
  /**
   * Writes one row.
   *
   * @returns `undefined` when the statement wrote nothing for this input
   * @throws as {@link Database.run}
   */
  write(input: Input, deadline?: Deadline): Promise<Row | undefined>;
  /** Statements in flight, and rows that wait for one. */
  state(): { inFlight: number; waiting: number };
  /** Rows sent so far. */
  completed(): number;
}

/** Enough that callers who are few wait for nobody, and that a slow statement leaves places to others. */
const statementsInFlight = 4;
/** Larger batches save hardly more, and hold all that is in them for longer. */
const maxRows = 32;
/** Milliseconds: several times what a healthy batch takes with a commit to disk. */
const lateAfter = 10;
/** Milliseconds: what a batch takes that Postgres or the network holds up. */
const slowAfter = 100;
/** Milliseconds past a caller's deadline in which a healthy batch says what has become of the row. */
const patience = 100;

/** Runs every row as a statement of its own. */
export function writeAlone<Input, Row extends object>(
  database: Pick<Database, 'run'>,
  { alone, values }: Pick<RowStatement<Input>, 'alone' | 'values'>,
): RowWriter<Input, Row> {
  return {
    async write(input, deadline) {
      const [row] = await database.run<Row>(alone(input), values(input), deadline);
      return row;
    },
    state: () => ({ inFlight: 0, waiting: 0 }),
    completed: () => 0,
  };
}

/**
 * Runs rows that arrive while statements are in flight as one statement.
 *
 * A fault that one row may have caused (a constraint, a lock, a value that Postgres refuses, a deadline) makes each row
 * of the statement run alone, also when an earlier attempt may have written it: every row can be repeated. After any other
 * fault, every row fails as a single one would.
 *
 * @param onSent called with the number of rows of each statement
 */
export function writeTogether<Input, Row extends object>(
  database: Database,
  { alone, values, together, row, id, skipsLocked }: RowStatement<Input>,
  onSent: (rows: number) => void,
): RowWriter<Input, Row> {
  interface Write {
    input: Input;
    observation: StatementObservation;
    /** A batch runs outside of its callers' contexts; what it reports of a row belongs to the request of that row. */
    inContext: InContext;
    /** The database's deadline, once a shared statement has held the row: it bounds both that one and the row's own. */
    own?: Deadline;
    /** What the shared statement met, if it failed. */
    attempts?: Attempts;
  }

  function retrying({ observation, inContext }: Write, event: RetryEvent): void {
    inContext(() => observation.retrying(event));
  }

  async function runAlone(write: Write, deadline: Deadline): Promise<Row | undefined> {
    const { input, own, attempts } = write;
    const [written] = await database.execute<Row>(
      alone(input),
      values(input),
      { deadline, own, attempts },
      (event) => retrying(write, event),
    );
    return written;
  }

  const batcher = createMicroBatcher<Write, Row | undefined>({
    places: statementsInFlight,
    maxItems: maxRows,
    lateAfter,
    slowAfter,
    patience,
    async runTogether(writes, deadline) {
      const rows = [JSON.stringify(writes.map(({ input }) => row(input)))];
      const own = database.startDeadline();
      for (const write of writes) write.own = own;
      const found = await database
        .execute<Row & { id: string }>(together, rows, { deadline, own }, (event) => {
          for (const [index, write] of writes.entries()) retrying(write, { ...event, repeated: index > 0 });
        })
        .catch((error: unknown) => {
          if (error instanceof RowFault) for (const write of writes) write.attempts = error.attempts;
          throw error;
        });
      return writes.map(({ input }) => {
        const wanted = id(input);
        // Mostly the first. A Map of so few ids costs more: V8 looks each of its keys up among all internalized strings.
        const at = found.findIndex((each) => each.id === wanted);
        // A second input for the same row was not written by this statement, so a row is taken out.
        return at === -1 ? undefined : found.splice(at, 1)[0];
      });
    },
    runAlone,
    isOfOneItem: (error) => error instanceof RowFault,
    expired: () =>
      new ServiceError('deadline_exceeded', 'Nothing was changed: the deadline came first.', {
        cause: new CutShort(),
      }),
    onSent(writes) {
      onSent(writes.length);
      for (const { observation } of writes) observation.sent(writes.length);
    },
  });

  return {
    async write(input, deadline = noDeadline) {
      const observation = database.observe(alone(input));
      const write: Write = { input, observation, inContext: currentContext() };
      return observed(observation, async () => {
        const written = await batcher.add(write, deadline);
        const isLeftOut = written === undefined && skipsLocked && write.own !== undefined;
        // As in the batcher: the span of the row is its observation, and an instrumentation would add another one.
        return isLeftOut ? outsideRequests(() => runAlone(write, deadline)) : written;
      });
    },
    state: batcher.state,
    completed: batcher.completed,
  };
}
