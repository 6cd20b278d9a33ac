import { diag, DiagLogLevel } from '@opentelemetry/api';
import { detectResources } from '@opentelemetry/resources';
import { afterEach, expect, test } from 'vitest';
import { createDiagLogger } from './diag-logger.ts';

const reports: string[] = [];

afterEach(() => {
  diag.disable();
  reports.length = 0;
});

/** Has the SDK resolve a detected attribute, as it does before the first export. */
async function detect(key: string, value: string | undefined): Promise<void> {
  diag.setLogger(
    createDiagLogger((message) => reports.push(message)),
    DiagLogLevel.WARN,
  );
  const detector = { detect: () => ({ attributes: { [key]: Promise.resolve(value) } }) };
  const resource = detectResources({ detectors: [detector] });
  await resource.waitForAsyncAttributes?.();
  expect(resource.attributes).toEqual(value === undefined ? {} : { [key]: value });
}

test('a machine without an id, as every container is, is no failure of telemetry', async () => {
  await detect('host.id', undefined);
  expect(reports).toEqual([]);
});

test('any other attribute without a value is reported', async () => {
  await detect('host.name', undefined);
  expect(reports).toEqual(['telemetry: dropping invalid resource attribute value for key "host.name"']);
});
