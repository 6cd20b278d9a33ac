import { expect, test } from 'vitest';
import { createAlertBoard } from './alert-board.ts';
import { groupsIn } from './rules.ts';

/** Evaluates the rules once, while nothing answers. */
async function stateWith(rules: string) {
  const board = createAlertBoard({
    groups: groupsIn(rules),
    timeScale: 1,
    prometheus: undefined,
    metricsUrl: () => undefined,
  });
  board.scrape('', 'http://127.0.0.1:1/metrics', 10_000);
  const state = await board.state();
  board.close();
  return state;
}

test('two rules of one name, as for a warning and a page, are shown each as it is', async () => {
  const { rules } = await stateWith(`
groups:
  - name: g
    rules:
      - { alert: Down, expr: up == 0, labels: { severity: page } }
      - { alert: Down, expr: up < 2, labels: { severity: ticket } }
`);
  expect(rules).toMatchObject([
    { name: 'Down', query: 'up == 0', severity: 'page', state: 'inactive' },
    { name: 'Down', query: 'up < 2', severity: 'ticket', state: 'firing' },
  ]);
});

test('a recorded burn rate whose name ends in no window leaves the others', async () => {
  const burnRate = (window: string) => `{ record: 'job_slo:error_budget:burn_rate${window}', expr: 1 }`;
  const { objectives } = await stateWith(`
groups:
  - name: g
    rules:
      - { record: 'slo:objective:ratio', expr: 0.9, labels: { slo: orders } }
      - ${burnRate('_worst')}
      - ${burnRate('5m')}
`);
  expect(objectives).toMatchObject([{ name: 'orders', target: 0.9, burnRates: [{ window: '5m' }] }]);
});
