import { expect, test } from 'vitest';
import { seededRandom } from '../../simulator/seeded-random.ts';
import { found, Scanner } from './scanner.ts';

test('every line of a long log is read by its members, and only the names that it has are remembered', () => {
  const names = new Map<string, { role: number; rank: number; line: number }>();
  const capacity = 512 * 1024;
  const scanner = new Scanner(capacity, (text) => {
    const name = names.get(text) ?? { role: -1, rank: 0, line: -1 };
    names.set(text, name);
    return name;
  });
  const random = seededRandom(1);
  const services = ['orders', 'payments', 'inventory', 'shipping', 'accounts', 'search', 'gateway', 'mail'];
  const line = () => {
    const service = services[Math.floor(random() * services.length)];
    const message = 'request handled for a customer'.slice(Math.floor(random() * 12));
    return `{"time":"2026-11-28T00:00:00Z","level":"info","service":"${service}","message":"${message}"}\n`;
  };
  const others: string[] = [];
  // Many turns, because what an earlier search left behind the positions of the last one fits a line only now and then.
  for (let turn = 0; turn < 300; turn += 1) {
    let length = 0;
    let lines = 0;
    for (; length + 200 < capacity; lines += 1) length += scanner.bytes.write(line(), length);
    // The last line is cut, as at the end of what a file has so far.
    scanner.begin(length - 1 - Math.floor(random() * 100));
    for (let left = lines - 1; left > 0; left -= 1) {
      if (scanner.next() !== found.members)
        others.push(scanner.bytes.toString('utf8', scanner.start, scanner.end));
    }
    expect(scanner.next()).toBe(found.nothing);
  }
  expect(others).toEqual([]);
  expect([...names.keys()]).toEqual(['time', 'level', 'service', 'message']);
});
