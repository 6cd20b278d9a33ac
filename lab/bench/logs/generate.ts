import { open } from 'node:fs/promises';
import { seededRandom } from '../../simulator/seeded-random.ts';

const services = ['orders', 'payments', 'inventory', 'shipping', 'accounts', 'search', 'gateway', 'mail'];
const levels = ['info', 'info', 'info', 'info', 'info', 'info', 'debug', 'warn', 'error'];
/** Lines that are made; then they repeat. */
const distinct = 50_000;

/** Writes a log of so many lines, 186 bytes each on average, always the same. */
export async function generateLog(file: string, lines: number): Promise<void> {
  const random = seededRandom(1);
  const whole = (bound: number): number => Math.floor(random() * bound);
  const texts = Array.from({ length: Math.min(distinct, lines) }, (_, index) => {
    const traceId = Array.from({ length: 4 }, () =>
      whole(2 ** 32)
        .toString(16)
        .padStart(8, '0'),
    ).join('');
    const line = {
      timestamp: new Date(1_790_000_000_000 + index * 3).toISOString(),
      level: levels[whole(levels.length)],
      service: services[whole(services.length)],
      message: `request ${index} handled for customer ${whole(100_000)} in ${whole(900)} ms`,
      trace_id: traceId,
    };
    return `${JSON.stringify(line)}\n`;
  });
  const block = Buffer.from(texts.join(''));
  await using output = await open(file, 'w');
  let left = lines;
  for (; left >= texts.length; left -= texts.length) await output.write(block);
  await output.write(texts.slice(0, left).join(''));
}
