import { say } from './command.ts';
import { BenchFailure } from './failure.ts';
import { measureRound, type Round, type Setting, type Subject, warmUp } from './measure.ts';

export async function warmUpAll(subjects: readonly Subject[], setting: Setting): Promise<void> {
  say('warming up');
  await warmUp(subjects, setting, named);
}

/** Measures all subjects in every round. The order alternates, so that no subject always follows the same other one. */
export async function compare(
  subjects: readonly Subject[],
  rounds: number,
  setting: Setting,
): Promise<Map<string, Round[]>> {
  const measured = new Map<string, Round[]>(subjects.map(({ name }) => [name, []]));
  for (let number = 1; number <= rounds; number++) {
    for (const subject of number % 2 === 1 ? subjects : subjects.toReversed()) {
      const round = await named(subject, measureRound(subject, setting));
      measured.get(subject.name)?.push(round);
      const figures = `${round.requestsPerSecond.toFixed(0)} req/s, ${round.cpuPerRequest.toFixed(0)} µs`;
      say(`round ${number} of ${rounds}: ${subject.name.padEnd(16)} ${figures}`);
    }
  }
  return measured;
}

/** Says which of the subjects failed. */
async function named<Result>({ name }: Subject, work: Promise<Result>): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    throw error instanceof BenchFailure ? new BenchFailure(`${name}: ${error.message}`) : error;
  }
}
