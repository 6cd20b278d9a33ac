import { expect, test } from 'vitest';
import {
  type AttackedService,
  type Bystander,
  spawnAttackedService,
  startBystander,
} from '../support/processes/attacked-service.ts';
import { openConnection, type RawConnection, type RawAnswer } from '../support/clients/raw-connection.ts';
import type { Attack } from './attack.ts';
import { bodies } from './bodies.ts';
import { clients } from './clients.ts';
import { framing } from './framing.ts';
import { protocols } from './protocols.ts';
import { targets } from './targets.ts';

const groups: ReadonlyArray<{ title: string; attacks: readonly Attack[] }> = [
  { title: 'Where a request ends', attacks: framing },
  { title: 'Protocols other than HTTP/1.1, and its rare features', attacks: protocols },
  { title: 'Targets and headers', attacks: targets },
  { title: 'Bodies', attacks: bodies },
  { title: 'Clients that are slow, greedy or gone', attacks: clients },
];

/** Timeouts that are short, but long enough for a bystander's request on a busy machine. */
const shortTimeouts = { HTTP_HEADERS_TIMEOUT: '1s', HTTP_REQUEST_TIMEOUT: '2s' };
/** Attacks that run at the same time. */
const lanes = 6;
const patiently = { timeout: 20_000, interval: 50 };

test('no attack causes a 5xx or a leak, or affects another client', { timeout: 180_000 }, async () => {
  await using attacked = await spawnAttackedService(shortTimeouts);
  const bystander = await startBystander(attacked.service.url);
  await bystander.afterMore(3);
  const memory = await attacked.measure('process_resident_memory_bytes');

  const outcomes = new Map<Attack, Outcome>();
  const queue = groups.flatMap(({ attacks }) => attacks).values();
  const running = Array.from({ length: lanes }, async () => {
    for (const attack of queue) outcomes.set(attack, await carryOut(attack, attacked, bystander));
  });
  await Promise.all(running);
  await bystander.stop();

  expect(new Set(bystander.statuses)).toEqual(new Set([201]));
  await expectIdle(attacked);
  await expectOrdersAsAnswered(attacked, outcomes, bystander);
  const grown = (await attacked.measure('process_resident_memory_bytes')) - memory;
  expect(grown / 1024 ** 2, 'MiB of memory for all of it').toBeLessThan(150);
  expect(attacked.service.complaints()).toBe('');
  expect(attacked.service.logs.filter(({ level }) => level === 'error')).toEqual([]);
  await expect(render(outcomes)).toMatchFileSnapshot('../../docs/attacks.md');
});

interface Outcome {
  answers: RawAnswer[];
  /** Whether the connection took one more request. */
  kept: boolean;
}

async function carryOut(attack: Attack, attacked: AttackedService, bystander: Bystander): Promise<Outcome> {
  const { url, adminUrl } = attacked.service;
  const { send, what, listener } = attack;
  await using connection = await openConnection(listener === 'admin' ? adminUrl : url);
  const sent = typeof send === 'function' ? send(connection, attacked) : connection.send(send);
  const [outcome] = await Promise.all([listen(connection, attack), sent]).catch((error: unknown) => {
    throw new Error(`${what}: ${String(error)}`, { cause: error });
  });
  for (const answer of outcome.answers) expectHarmless(what, answer);
  await bystander.afterMore(1);
  return outcome;
}

/** Sent after the first answer. Its own answer is the last one if the connection is kept. */
const lastRequest = 'GET /livez HTTP/1.1\r\nhost: orders\r\nx-request-id: the-last-one\r\n\r\n';

/** The public listener echoes the request id; the admin listener has the path. */
function isLast({ headers, body }: RawAnswer): boolean {
  return headers.get('x-request-id') === 'the-last-one' || body === '{"status":"ok"}';
}

async function listen(connection: RawConnection, { quiet }: Attack): Promise<Outcome> {
  const answers: RawAnswer[] = [];
  let answer = await connection.answer();
  if (answer && connection.socket.writable && !quiet) connection.send(lastRequest);
  while (answer) {
    if (isLast(answer)) return { answers, kept: true };
    answers.push(answer);
    answer = await connection.answer();
  }
  return { answers, kept: false };
}

/** Text that would reveal the internals of the service. */
const internals =
  /\bat .+:\d+:\d+|node_modules|node:|\.ts\b|\/src\/|postgres|SELECT |INSERT |Error:|FST_|HPE_/;

function expectHarmless(what: string, { status, headers, body }: RawAnswer): void {
  expect(status, what).toBeLessThan(500);
  if (status === 100) return;
  expect(headers.get('x-request-id'), what).toMatch(/^[\w.:/+=-]{1,128}$/);
  if (status < 400) return;
  expect(headers.get('content-type')?.split(';')[0], what).toBe('application/problem+json');
  const problem = JSON.parse(body) as Record<string, unknown>;
  expect(problem, what).toMatchObject({ status, requestId: headers.get('x-request-id') });
  expect(body, what).not.toMatch(internals);
}

/** Expects no request in flight, no connection left open, and no query running. */
async function expectIdle({ measure, database, service }: AttackedService): Promise<void> {
  const { port } = new URL(service.url);
  await expect.poll(() => measure('http_requests_in_flight'), patiently).toBe(0);
  // The bystander's client keeps a connection.
  await expect.poll(() => measure('http_connections', { listener: 'public' }), patiently).toBeLessThan(10);
  const busy = `SELECT FROM pg_stat_activity WHERE datname = $1 AND state <> 'idle' AND pid <> pg_backend_pid()`;
  await expect.poll(() => database.sql(busy, [database.name]), patiently).toEqual([]);
  expect((await fetch(`${service.adminUrl}/readyz`)).status, port).toBe(200);
}

/** Expects the orders that clients got an answer for, those of clients that had gone, and no others. */
async function expectOrdersAsAnswered(
  { database }: AttackedService,
  outcomes: ReadonlyMap<Attack, Outcome>,
  bystander: Bystander,
): Promise<void> {
  const received = [...outcomes.values()].flatMap(({ answers }) => answers);
  const placed = received.filter(({ status }) => status === 201).length;
  const unanswered = [...outcomes.keys()].filter(({ placesUnanswered }) => placesUnanswered).length;
  const stored = await database.sql<{ client: string; count: number }>(
    'SELECT client_id AS client, count(*)::int FROM orders GROUP BY client_id ORDER BY client_id',
  );
  expect(stored).toEqual([
    { client: 'pos', count: placed + unanswered },
    { client: 'shop', count: bystander.statuses.length },
  ]);
}

function render(outcomes: ReadonlyMap<Attack, Outcome>): string {
  const sections = groups.map(({ title, attacks }) => {
    const rows = attacks.map((attack) => {
      const outcome = outcomes.get(attack);
      return `| ${attack.what.replaceAll('|', String.raw`\|`)} | ${outcome ? describe(outcome) : '–'} |`;
    });
    return `## ${title}\n\n| sent | what came back |\n|---|---|\n${rows.join('\n')}\n`;
  });
  return `# Attacks

Each attack uses its own connection to the real service, six at a time, while another client places one order after the
other, all of which succeed. Afterwards no request is in flight, no connection is left open, and the database holds the
orders that clients got an answer for, the one whose client had gone, and no others. No answer is a 5xx, and none reveals
the internals of the service. _Kept_ means that the connection took one more request. Generated by
\`test/attacks/every-attack.test.ts\`.

${sections.join('\n')}`;
}

function describe({ answers, kept }: Outcome): string {
  const runs: Array<{ text: string; count: number }> = [];
  for (const answer of answers) {
    const text = brief(answer);
    const run = runs.at(-1);
    if (run?.text === text) run.count += 1;
    else runs.push({ text, count: 1 });
  }
  const said = runs.map(({ text, count }) => (count === 1 ? text : `${count} × ${text}`));
  return `${said.join(', ') || 'nothing'}; ${kept ? 'kept' : 'closed'}`;
}

function brief({ status, body }: RawAnswer): string {
  if (status < 400) return String(status);
  return `${status} \`${(JSON.parse(body) as { code: string }).code}\``;
}
