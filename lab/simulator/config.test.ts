import { expect, test } from 'vitest';
import { loadSimulatorConfig } from './config.ts';

test('the simulator starts without any variable', () => {
  expect(loadSimulatorConfig({})).toMatchObject({ host: '127.0.0.1', port: 7072 });
});
