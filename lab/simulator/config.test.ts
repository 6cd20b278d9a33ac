import { expect, test } from 'vitest';
import { loadSimulatorConfig } from './config.ts';

test('the simulator has a default for every variable that it needs', () => {
  expect(loadSimulatorConfig({})).toMatchObject({ host: '127.0.0.1', port: 7072 });
});
