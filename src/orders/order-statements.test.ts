import { expect, test } from 'vitest';
import * as exported from './order-statements.ts';

const statements = Object.values(exported).map((each) =>
  typeof each === 'function' ? each(['status', 'before']) : each,
);

test.each(statements.map(({ name, text }) => [name, text]))(
  'the statement %s names its table with the schema, because search_path may lead elsewhere',
  (_name, text) => {
    expect(text).toMatch(/\bpublic\.orders\b/);
    expect(text).not.toMatch(/\b(?:FROM|JOIN|INTO|UPDATE)\s+orders\b/);
  },
);

const writes = statements.filter(({ summary }) => !summary.startsWith('SELECT'));

test.each(writes.map(({ name, text }) => [name, text]))(
  'the statement %s writes, and says itself that its commit waits for the disk',
  (_name, text) => {
    expect(text).toContain(`set_config('synchronous_commit'`);
  },
);

test.each(statements.map(({ name, text }) => [name, text]))(
  'the statement %s returns no float and no bare timestamp, whose text depends on settings',
  (_name, text) => {
    const [, returned = text] = /RETURNING([^]*)$/.exec(text) ?? /SELECT([^]*?)\bFROM/.exec(text) ?? [];
    expect(returned).not.toMatch(/float|double|real/);
    expect(returned).not.toMatch(
      /^\s*(?:\w+\.)?(?:created_at|updated_at|due_at)\b|,\s*(?:\w+\.)?(?:created_at|updated_at|due_at)\s*(?:,|$)/,
    );
  },
);
