import { expect, test } from 'vitest';
import { loadEvidenceConfig } from './config.ts';

test('a window of 0, in which every alert would have a profile of its own, is refused', () => {
  expect(() => loadEvidenceConfig({ EVIDENCE_WINDOW: '0s' })).toThrow(/^EVIDENCE_WINDOW must not be 0$/);
});
