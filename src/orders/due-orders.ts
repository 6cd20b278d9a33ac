import type { Statement } from '../postgres/database.ts';
import * as statements from './order-statements.ts';

/** Which of the due orders a worker takes. */
export type DueOrders =
  /** Those that the gateway has not left unanswered, the longest due first. */
  | 'answered'
  /** The same, of each client in turn. */
  | 'answered_in_turn'
  /** Those that the gateway has left unanswered, of each client in turn. */
  | 'unanswered'
  /** All, of each client in turn. */
  | 'any'
  /** Those that are most likely to be answered. */
  | 'fresh';

/** How each of them is taken: the values follow the number of orders and the length of the lease. */
export const taking: Readonly<Record<DueOrders, { statement: Statement; values: unknown[] }>> = {
  answered: { statement: statements.takeDueOrders, values: [] },
  answered_in_turn: { statement: statements.takeDueOrdersInTurn, values: [] },
  unanswered: { statement: statements.takeUnansweredOrders, values: [false] },
  any: { statement: statements.takeUnansweredOrders, values: [true] },
  fresh: { statement: statements.takeFreshOrders, values: [] },
};
