import { expect } from 'vitest';
import type { Readiness } from '../../../src/health.ts';
import type { Replica } from '../processes/spawn-service.ts';
import { type Answer, type ProblemBody, teaOrder } from './api-client.ts';

/** What clients, operators and load balancers see while something is wrong with Postgres. */
export interface Observation {
  place: string;
  read: string;
  log: string;
  readiness: string;
}

export interface ConditionRow extends Observation {
  /** What is wrong, for people. */
  what: string;
  /** How the test brings it about. */
  provokedBy: string;
  recovery: string;
}

/**
 * Places an order, reads one, and asks for readiness.
 *
 * @param orderId of an order of the client `shop`
 * @param earlier number of log lines before the condition
 */
export async function observe(
  service: Replica,
  orderId: string,
  earlier = service.logs.length,
): Promise<Observation> {
  const placing = service.api.request<ProblemBody>('POST', '/orders', {
    body: JSON.stringify(teaOrder),
    headers: { 'content-type': 'application/json' },
  });
  const answers = await Promise.all([placing, service.api.request<ProblemBody>('GET', `/orders/${orderId}`)]);
  const [placed, read] = answers;
  const ids = new Set(answers.map(({ headers }) => headers.get('x-request-id')));
  const ofRequests = () =>
    service.logs.filter((line) => line['event'] === 'http.request' && ids.has(String(line['request_id'])));
  await expect.poll(ofRequests).toHaveLength(2);
  const met = new Set(ofRequests().map((line) => line['db_condition']));
  const readiness = describeReadiness(await settledReadinessOf(service, met));
  return {
    place: describeAnswer(placed),
    read: describeAnswer(read),
    log: describeLines([
      // A condition that had begun before, such as on a busy machine, is not reported again at once.
      ...service.logs.filter((line) => line['event'] === 'postgres.condition' && met.has(line['condition'])),
      ...service.logs.slice(earlier).filter((line) => line['event'] !== 'postgres.condition'),
    ]),
    readiness,
  };
}

/**
 * On a busy machine, the check may get no answer in its time while requests do. It says so, and a later one gets it.
 *
 * @param met the conditions that requests meet
 */
async function settledReadinessOf(
  service: Replica,
  met: ReadonlySet<unknown>,
): ReturnType<typeof readinessOf> {
  let latest = await readinessOf(service);
  const isBusy = () => {
    const detail = latest.body.checks['postgres']?.detail ?? '';
    const hasNoAnswer = detail.startsWith('no_answer') && !met.has('no_answer');
    return hasNoAnswer || detail.includes('a statement has just succeeded');
  };
  const askAgain = async () => {
    if (isBusy()) latest = await readinessOf(service);
    return isBusy();
  };
  await expect.poll(askAgain, { timeout: 5000 }).toBe(false);
  return latest;
}

export async function readinessOf({ adminUrl }: Pick<Replica, 'adminUrl'>) {
  const response = await fetch(`${adminUrl}/readyz`);
  return { status: response.status, body: (await response.json()) as Readiness };
}

function describeAnswer({ status, headers, body }: Answer<ProblemBody>): string {
  if (status < 400) return String(status);
  const retryAfter = headers.get('retry-after');
  return `${status} \`${body.code}\`${retryAfter === null ? '' : `, retry after ${retryAfter} s`}`;
}

function describeLines(lines: Replica['logs']): string {
  const described = ['http.defect', 'postgres.condition', 'postgres.retry'].map((event) =>
    lines.filter((line) => line['event'] === event).map(describeLine),
  );
  // Retries are told only of what ends well.
  const most = described.find((found) => found.length > 0) ?? [];
  return [...new Set(most)].toSorted((one, other) => one.localeCompare(other)).join('<br>') || '–';
}

function describeLine(line: Readonly<Record<string, unknown>>): string {
  const {
    event,
    level,
    condition,
    sqlstate,
    error_code: errorCode,
    err,
  } = line as {
    event: string;
    level: string;
    condition?: string;
    sqlstate?: string;
    error_code?: string;
    err?: { code?: string };
  };
  const parts = [`\`${event}\``, level, condition && `\`${condition}\``, sqlstate ?? errorCode ?? err?.code];
  return parts.filter(Boolean).join(' ');
}

function describeReadiness({ status, body }: Awaited<ReturnType<typeof readinessOf>>): string {
  const detail = body.checks['postgres']?.detail;
  const named = detail
    ?.split('; ')
    .map((each) => `\`${each.split(':')[0]}\``)
    .toSorted((one, other) => one.localeCompare(other));
  return [`${status} ${status === 200 ? 'ready' : 'not ready'}`, ...(named ?? [])].join(', ');
}

const head = [
  'condition',
  'provoked by',
  '`POST /orders`',
  '`GET /orders/:id`',
  'log',
  '`/readyz`',
  'recovery',
];

export function conditionTable(rows: readonly ConditionRow[]): string {
  const cells = rows.map(({ what, provokedBy, place, read, log, readiness, recovery }) => [
    what,
    provokedBy,
    place,
    read,
    log,
    readiness,
    recovery,
  ]);
  return [head, head.map(() => '---'), ...cells].map((row) => `| ${row.join(' | ')} |`).join('\n');
}
