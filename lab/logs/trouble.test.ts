import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createTrouble } from './trouble.ts';

let said: string[];
let tell: (reason: string | undefined) => void;

beforeEach(() => {
  vi.useFakeTimers();
  said = [];
  tell = createTrouble({
    say: (sentence) => said.push(sentence),
    began: (reason) => `It fails: ${reason}.`,
    ended: 'It works.',
  });
});

afterEach(() => {
  vi.useRealTimers();
});

/** Once a second, for so many seconds. */
function attempts(seconds: number, reasonAt: (second: number) => string | undefined): void {
  for (let second = 0; second < seconds; second += 1) {
    tell(reasonAt(second));
    vi.advanceTimersByTime(1000);
  }
}

test('what fails at every third attempt for an hour is told once', () => {
  attempts(3600, (second) => (second % 3 === 0 ? 'full' : undefined));
  expect(said).toEqual(['It fails: full.', 'It works.']);
});

test('what fails again, and goes on to fail, is told again', () => {
  attempts(10, (second) => (second % 3 === 0 ? 'full' : undefined));
  attempts(12, () => 'full');
  attempts(1, () => undefined);
  expect(said).toEqual(['It fails: full.', 'It works.', 'It fails: full.', 'It works.']);
});

test('what fails after a minute of calm is told at once', () => {
  attempts(1, () => 'full');
  attempts(62, () => undefined);
  attempts(1, () => 'full');
  expect(said).toEqual(['It fails: full.', 'It works.', 'It fails: full.']);
});

test('another reason is told once it lasts, and reasons that alternate are not', () => {
  attempts(30, (second) => (second % 2 === 0 ? 'refused' : 'reset'));
  expect(said).toEqual(['It fails: refused.']);
  attempts(12, () => 'status 401');
  expect(said).toEqual(['It fails: refused.', 'It fails: status 401.']);
});
