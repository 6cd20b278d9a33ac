import { createInterface } from 'node:readline/promises';
import { parseArgs } from 'node:util';
import { ForkError, type License, licenses, makeFork } from './fork.ts';
import { forkNames, regularPlural, UnfitName } from './names.ts';
import { neverTaken, parts } from './parts.ts';

const usage = `npm run fork -- FOLDER --name NAME --resource RESOURCE [--plural PLURAL] [--without PART,…] [--license ${licenses.join('|')}] [--holder NAME]

Makes a service of its own from this one, with a small domain around RESOURCE in place of orders.
Parts that can be left out: ${Object.keys(parts).join(', ')}.
Parts that no fork has yet: ${neverTaken.join(', ')}.`;

/** `npm run fork`. Where there is a terminal, it asks for what is missing. */
async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      name: { type: 'string' },
      resource: { type: 'string' },
      plural: { type: 'string' },
      without: { type: 'string', multiple: true },
      license: { type: 'string' },
      holder: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    process.stdout.write(`${usage}\n`);
    return;
  }
  const terminal =
    process.stdin.isTTY && process.stdout.isTTY
      ? createInterface({ input: process.stdin, output: process.stdout })
      : undefined;
  const ask = async (given: string | undefined, question: string, otherwise?: string): Promise<string> => {
    if (given !== undefined) return given;
    if (terminal === undefined) {
      if (otherwise !== undefined) return otherwise;
      throw new ForkError(`${question} is missing. See npm run fork -- --help.`);
    }
    const answer = await terminal.question(
      `${question}${otherwise === undefined ? '' : ` [${otherwise}]`}: `,
    );
    return answer.trim() || (otherwise ?? '');
  };
  try {
    const [folder] = positionals;
    const target = await ask(folder, 'The folder');
    if (positionals.length > 1)
      throw new ForkError(`One folder, please: "${positionals[1]}" is one too many.`);
    if (target === '') throw new ForkError('The folder is missing. See npm run fork -- --help.');
    const name = await ask(values.name, 'The name of the service (--name)');
    const resource = await ask(values.resource, 'The resource, in the singular (--resource)');
    const needsPlural = values.plural === undefined && regularPlural(resource) === undefined;
    const plural =
      needsPlural && terminal !== undefined
        ? await ask(undefined, `The plural of ${resource} (--plural)`)
        : values.plural;
    const names = forkNames({ name, resource, plural });
    const without = (values.without ?? []).flatMap((list) => list.split(',')).filter((part) => part !== '');
    const license = toLicense(
      await ask(values.license, `The licence, ${licenses.join(' or ')} (--license)`, 'UNLICENSED'),
    );
    const holder =
      license === 'UNLICENSED'
        ? ''
        : await ask(values.holder, 'Who holds the copyright (--holder)', `the authors of ${name}`);
    await makeFork(target, { names, without, license, holder });
    process.stdout.write(`${names.service} is in ${target}. Next:

  cd ${target} && npm install && npm start
`);
  } finally {
    terminal?.close();
  }
}

function toLicense(given: string): License {
  const license = licenses.find((each) => each === given);
  if (license === undefined)
    throw new ForkError(`The licence "${given}" has no text here: ${licenses.join(' or ')}.`);
  return license;
}

try {
  await main();
} catch (error) {
  const isTold =
    error instanceof ForkError ||
    error instanceof UnfitName ||
    (error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'));
  if (!isTold) throw error;
  process.stderr.write(`${error instanceof Error ? error.message : ''}\n`);
  process.exitCode = 1;
}
