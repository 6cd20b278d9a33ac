import { expect, test } from 'vitest';
import { forkNames, renameStarter } from './names.ts';

test.each([
  ['parcel', 'a parcel'],
  ['appointment', 'an appointment'],
  ['invoice', 'an invoice'],
  ['upload', 'an upload'],
  ['uniform', 'a uniform'],
  ['euro', 'a euro'],
  ['hour', 'an hour'],
])('a fork about %s writes %s', (resource, phrase) => {
  const renamed = (text: string) => renameStarter(text, forkNames({ name: 'desk', resource }));
  const [article = ''] = phrase.split(' ');
  expect(renamed('Create a booking, or a `booking`.')).toBe(
    `Create ${phrase}, or ${article} \`${resource}\`.`,
  );
  expect(renamed('A booking. Data bookings.')).toBe(`A${phrase.slice(1)}. Data ${resource}s.`);
  expect(renamed('a\n * booking')).toBe(`${article}\n * ${resource}`);
});
