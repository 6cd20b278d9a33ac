import { setTimeout as sleep } from 'node:timers/promises';
import { compose } from '../../harness/compose-project.ts';
import { dashboardQueries } from '../../../test/support/files/observability-as-code.ts';
import { say } from '../shared/command.ts';
import { type Backends, newestTrace, query } from './backends.ts';

/** Seconds from `docker compose up` to something that a person would look for. */
export interface Milestone {
  what: string;
  seconds: number;
}

/** Milliseconds. */
const patience = 180_000;

const rateOfOrders = 'sum(rate(orders_total[1m])) > 0';

/**
 * Starts the project from images that are there, and waits for its first data.
 *
 * @param ports values of the variables with which docker-compose.yml publishes ports
 * @throws {Error} if a container does not become healthy
 */
export async function startStack(
  project: string,
  ports: Readonly<Record<string, string>>,
  backends: Backends,
  signal: AbortSignal,
): Promise<{ milestones: Milestone[]; emptyPanels: string[] }> {
  const startedAt = performance.now();
  const milestones: Milestone[] = [];
  const reached = (what: string): void => {
    const seconds = (performance.now() - startedAt) / 1000;
    milestones.push({ what, seconds });
    say(`after ${seconds.toFixed(1)} s: ${what}`);
  };
  const up = compose(project, ['up', '--detach', '--wait'], ports).then(() =>
    reached('all containers are healthy'),
  );
  const once = async (what: string, look: () => Promise<boolean>) => {
    if (await poll(look, signal)) reached(what);
  };
  const queries = await panelQueries();
  const empty = new Map(queries.map(({ place, text }) => [place, text]));
  // The queries of all panels four times a second would slow down the start that they measure, so they begin with the first rate.
  const panels = async () => {
    await once(
      'Prometheus has the first rate of orders',
      async () => (await query(backends, rateOfOrders)).length > 0,
    );
    await once(`all ${queries.length} queries of panels on Prometheus have data`, async () => {
      for (const [place, text] of empty) if ((await query(backends, text)).length > 0) empty.delete(place);
      return empty.size === 0;
    });
  };
  await Promise.all([
    up,
    once('the first trace is in Jaeger', async () => (await newestTrace(backends)) !== undefined),
    panels(),
  ]);
  return { milestones: milestones.toSorted((a, b) => a.seconds - b.seconds), emptyPanels: [...empty.keys()] };
}

/** Annotations mark problems, so that they are empty in normal operation. Loki's queries need Loki. */
async function panelQueries() {
  const queries = await dashboardQueries();
  return queries.filter(({ language, place }) => language === 'promql' && !place.includes('› annotation '));
}

async function poll(look: () => Promise<boolean>, signal: AbortSignal): Promise<boolean> {
  const deadline = Date.now() + patience;
  while (!(await look())) {
    signal.throwIfAborted();
    if (Date.now() > deadline) return false;
    await sleep(250);
  }
  return true;
}
