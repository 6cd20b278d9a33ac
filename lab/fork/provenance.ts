import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { Type } from 'typebox';
import { shapeOf } from '../../src/shapes.ts';
import { ForkError } from './fork-error.ts';
import type { ForkOptions } from './options.ts';
import { commitOf } from './programs.ts';

/** What a fork was made from and as, for whoever takes later changes: the text of its `.fork.json`. */
export async function provenance(
  { names: { service, resource, plural }, without, license, holder }: ForkOptions,
  root: string,
): Promise<string> {
  const { version } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8')) as {
    version: string;
  };
  const template = { version, commit: commitOf(root) };
  const made = { template, service, resource, plural, without, license, ...(holder !== '' && { holder }) };
  return `${JSON.stringify(made, null, 2)}\n`;
}

const isFork = shapeOf(
  Type.Object({
    service: Type.String(),
    resource: Type.String(),
    plural: Type.String(),
    without: Type.Array(Type.String()),
    // Those of earlier versions have none.
    license: Type.Optional(Type.String()),
    holder: Type.Optional(Type.String()),
  }),
);

/** How a fork was made, as options of the command. @throws {ForkError} */
export async function answersOf(fork: string) {
  const text = await readFile(path.join(fork, '.fork.json'), 'utf8').catch(() => '');
  const made = parsed(text);
  if (!isFork(made))
    throw new ForkError(`${fork} has no .fork.json that says how it was made: name the folder of a fork.`);
  const { service, resource, plural, without, license = 'UNLICENSED', holder } = made;
  return { name: service, resource, plural, without, outbox: !without.includes('worker'), license, holder };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
