import fc from 'fast-check';
import { expect, test } from 'vitest';
import { logsRequest } from '../../console/otlp/messages.ts';
import { decode } from '../../console/otlp/protobuf.ts';
import { BatchBuilder } from '../batch.ts';
import { halvesOf, type LogRequest } from './halves.ts';

/** Service, scope and text of each record, in their order. */
const recordsOf = ({ request }: LogRequest) => decode(logsRequest, Buffer.from(request));

const someLines = fc.array(
  fc.record({
    service: fc.constantFrom(undefined, 'orders', 'billing'),
    text: fc.string({ maxLength: 300 }),
  }),
  { minLength: 1, maxLength: 40 },
);

test('the halves of a request have all its records, each with its service, and nothing else', () => {
  fc.assert(
    fc.property(someLines, (lines) => {
      const builder = new BatchBuilder({ size: 1000, bytes: 1e6, otlp: true, text: false });
      for (const { service, text } of lines) {
        const bytes = Buffer.from(text);
        builder.addText(bytes, [0, bytes.length], service);
      }
      const whole = builder.take();
      const parts: LogRequest[] = [];
      const split = (part: LogRequest): void => {
        const halves = halvesOf(part);
        if (halves === undefined) parts.push(part);
        else halves.forEach(split);
      };
      split(whole);
      expect(parts.map((part) => part.lines)).toEqual(lines.map(() => 1));
      expect(parts.flatMap(recordsOf)).toEqual(recordsOf(whole));
      expect(halvesOf(whole)?.map((half) => half.lines)).toEqual(
        lines.length === 1 ? undefined : [Math.floor(lines.length / 2), Math.ceil(lines.length / 2)],
      );
    }),
  );
});
