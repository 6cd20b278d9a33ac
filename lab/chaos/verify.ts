import type { AlertHistory } from './alerts/alert-watch.ts';
import { type AlertClaim, type Experiment, heartbeat } from './experiment.ts';
import { checkCaptures } from './verify-captures.ts';
import { duringFault, type Evidence, exampleTrace, matchesLine, percentile } from './evidence.ts';

/** One claim of a hypothesis and what was observed. */
export interface Check {
  about:
    | 'steady'
    | 'answers'
    | 'orders'
    | 'ledger'
    | 'metrics'
    | 'logs'
    | 'trace'
    | 'alerts'
    | 'evidence'
    | 'recovery';
  claim: string;
  seen: string;
  /** If `unchecked`, `seen` gives the reason. */
  verdict: 'held' | 'failed' | 'unchecked';
}

type Report = (about: Check['about'], claim: string, seen: string, holds: boolean | undefined) => void;

export function verify(experiment: Experiment, evidence: Evidence): Check[] {
  const checks: Check[] = [];
  const report: Report = (about, claim, seen, holds) =>
    checks.push({
      about,
      claim,
      seen,
      verdict: holds === undefined ? 'unchecked' : holds ? 'held' : 'failed',
    });
  checkAnswers(experiment, evidence, report);
  checkOrders(experiment, evidence, report);
  checkTelemetry(experiment, evidence, report);
  checkAlerts(experiment, evidence, report);
  const { captured = [] } = experiment.hypothesis;
  for (const { claim, seen, holds } of captured.flatMap((each) => checkCaptures(each, evidence)))
    report('evidence', claim, seen, holds);
  const { moments } = evidence;
  const { recoveredWithin } = experiment.hypothesis;
  const took =
    moments.recovered === undefined ? undefined : (moments.recovered - moments.faultCleared) / 1000;
  report(
    'recovery',
    `the steady state holds again within ${recoveredWithin} s of the end of the fault`,
    took === undefined ? 'not within the run' : `${took.toFixed(1)} s`,
    took !== undefined && took <= recoveredWithin,
  );
  return checks;
}

function checkAnswers({ hypothesis: { answers } }: Experiment, evidence: Evidence, report: Report): void {
  const since = evidence.replies.filter(
    ({ from, sentAt }) => from !== 'others' && sentAt >= evidence.moments.faultSet,
  );
  const others = since.filter(({ answer }) => !answers.allowed.includes(answer));
  report(
    'answers',
    `customers get only ${answers.allowed.join(', ')}`,
    list(count((others.length > 0 ? others : since).map(({ answer }) => answer))),
    since.length > 0 && others.length === 0,
  );

  const during = duringFault(evidence, ['customers', 'surge']);
  for (const [answer, least] of Object.entries(answers.shares ?? {})) {
    const share = during.filter((reply) => reply.answer === answer).length / during.length;
    report(
      'answers',
      `during the fault, at least ${percent(least)} get ${answer}`,
      percent(share),
      share >= least,
    );
  }
  if (answers.p99 !== undefined) {
    const orders = during.filter(({ answer }) => ['201', '202', '402'].includes(answer));
    const p99 = percentile(
      orders.map(({ duration }) => duration),
      0.99,
    );
    report(
      'answers',
      `the p99 of orders is at most ${answers.p99} ms`,
      `${p99.toFixed(0)} ms`,
      p99 <= answers.p99,
    );
  }
  const toOthers = count(
    evidence.replies.filter(({ from }) => from === 'others').map(({ answer }) => answer),
  );
  for (const [answer, least] of Object.entries(answers.others ?? {})) {
    const seen = toOthers[answer] ?? 0;
    report('answers', `the other client gets ${answer} at least ${least} times`, String(seen), seen >= least);
  }
}

function checkOrders({ hypothesis: { orders } }: Experiment, evidence: Evidence, report: Report): void {
  const { moments, visits, stored, findings } = evidence;
  if (orders.paid !== undefined) {
    const due = visits.filter(({ goodCard, patient }) => goodCard && patient);
    const paid = due.filter(({ key }) => stored.get(key)?.status === 'paid').length;
    report(
      'orders',
      `at least ${percent(orders.paid)} of the orders with a good card end as paid`,
      `${paid} of ${due.length}`,
      due.length > 0 && paid / due.length >= orders.paid,
    );
  }
  const took = moments.settled === undefined ? undefined : (moments.settled - moments.faultCleared) / 1000;
  report(
    'orders',
    `no order is pending ${orders.settledWithin} s after the end of the fault`,
    took === undefined ? 'some still are' : `none after ${took.toFixed(1)} s`,
    took !== undefined && took <= orders.settledWithin,
  );
  report(
    'ledger',
    'answers, database and ledger agree: no order lost, no card charged twice',
    findings.length === 0
      ? `${stored.size} orders, no finding`
      : findings.map(({ kind, orderId, detail }) => `${kind} ${orderId}: ${detail}`).join('; '),
    findings.length === 0,
  );
}

function checkTelemetry({ hypothesis }: Experiment, evidence: Evidence, report: Report): void {
  for (const { name, labels = {}, plus = [], atLeast, atMost } of hypothesis.metrics) {
    const selector = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
    const grown = evidence.sampling.growth({ name, labels, plus });
    const names = [name, ...plus.map((other) => other.name)].join(' + ');
    report(
      'metrics',
      `${names}${selector.length === 0 ? '' : `{${selector.join(',')}}`} grows by ${bounds(atLeast, atMost)}`,
      `by ${grown}`,
      within(grown, atLeast, atMost),
    );
  }
  for (const claim of hypothesis.logs) {
    const { event, fields = {}, atMost } = claim;
    const atLeast = claim.atLeast ?? (atMost === undefined ? 1 : undefined);
    const values = Object.entries(fields).map(([name, value]) => ` ${name}=${value}`);
    const seen = evidence.lines?.filter((line) => matchesLine(line, claim)).length;
    report(
      'logs',
      `${bounds(atLeast, atMost)} log lines ${event}${values.join('')}`,
      seen === undefined ? 'the service was not started for the experiment' : String(seen),
      seen === undefined ? undefined : within(seen, atLeast, atMost),
    );
  }
  const { trace } = hypothesis;
  if (trace) {
    const found = evidence.spans && exampleTrace(evidence.spans, trace);
    const parts = [
      ...Object.entries(trace.spans).map(([name, spans]) => `${spans} × ${name}`),
      ...(trace.events ?? []).map((event) => `event ${event}`),
      ...Object.entries(trace.attributes ?? {}).map(([name, value]) => `${name}=${value}`),
    ];
    report(
      'trace',
      `a trace ${trace.root} with ${parts.join(', ')}`,
      evidence.spans === undefined ? 'traces go elsewhere' : (found?.[0]?.traceId ?? 'none'),
      evidence.spans === undefined ? undefined : found !== undefined,
    );
  }
}

const unwatched = 'no Prometheus evaluated the rules';
const unbelieved = 'without the heartbeat, alerts prove nothing';

function checkAlerts(
  { hypothesis: { detection, quiet = [] } }: Experiment,
  evidence: Evidence,
  report: Report,
): void {
  const { moments } = evidence;
  const beats =
    evidence.alerts &&
    evidence.alerts.histories.some(
      ({ alert, firingAt = Number.POSITIVE_INFINITY, goneAt }) =>
        alert === heartbeat && firingAt <= moments.faultSet && goneAt === undefined,
    );
  report(
    'alerts',
    `${heartbeat} fires from before the fault to the end`,
    beats === undefined ? unwatched : beats ? 'it did' : 'it did not',
    beats,
  );
  const alerts = beats === true ? evidence.alerts : undefined;
  const blind = beats === false ? unbelieved : unwatched;
  for (const alert of quiet) {
    const fired = alerts && firing(alerts.histories, { alert, withinMinutes: 0 }, moments.faultSet);
    report(
      'alerts',
      `${alert} does not fire`,
      alerts === undefined ? blind : fired === undefined ? 'it did not' : 'it did',
      alerts === undefined ? undefined : fired === undefined,
    );
  }
  if ('undetected' in detection) return;
  for (const claim of detection) {
    const fired = alerts && firing(alerts.histories, claim, moments.faultSet);
    const minutes =
      alerts && fired?.firingAt !== undefined
        ? ((fired.firingAt - moments.faultSet) * alerts.scale) / 60_000
        : undefined;
    report(
      'alerts',
      `${nameOf(claim)} fires within ${claim.withinMinutes} min`,
      alerts === undefined
        ? blind
        : minutes === undefined
          ? 'did not fire'
          : `after ${minutes.toFixed(1)} min`,
      alerts === undefined ? undefined : minutes !== undefined && minutes <= claim.withinMinutes,
    );
  }
}

/** The first alert matching this claim that began to fire at or after that moment. */
export function firing(
  histories: readonly AlertHistory[],
  claim: AlertClaim,
  since: number,
): AlertHistory | undefined {
  return histories
    .filter(({ alert, labels, firingAt = Number.NEGATIVE_INFINITY }) => {
      const matches = Object.entries(claim.labels ?? {}).every(([name, value]) => labels[name] === value);
      return alert === claim.alert && matches && firingAt >= since;
    })
    .toSorted((a, b) => (a.firingAt ?? 0) - (b.firingAt ?? 0))[0];
}

export function nameOf({ alert, labels = {} }: Pick<AlertClaim, 'alert' | 'labels'>): string {
  const values = Object.values(labels);
  return values.length === 0 ? alert : `${alert} (${values.join(', ')})`;
}

function within(
  value: number,
  atLeast = Number.NEGATIVE_INFINITY,
  atMost = Number.POSITIVE_INFINITY,
): boolean {
  return value >= atLeast && value <= atMost;
}

function bounds(atLeast?: number, atMost?: number): string {
  if (atLeast === undefined) return `at most ${atMost}`;
  return atMost === undefined ? `at least ${atLeast}` : `${atLeast} to ${atMost}`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(share > 0.99 && share < 1 ? 1 : 0)} %`;
}

export function count(names: readonly string[]): Record<string, number> {
  const groups = Map.groupBy(names, (name) => name);
  return Object.fromEntries(
    [...groups.keys()].toSorted().map((name) => [name, groups.get(name)?.length ?? 0]),
  );
}

function list(counts: Record<string, number>): string {
  return (
    Object.entries(counts)
      .map(([name, times]) => `${name} × ${times}`)
      .join(', ') || 'none'
  );
}
