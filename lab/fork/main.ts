import { parseArgs } from 'node:util';
import { messageOf } from '../harness/command-line.ts';
import { ForkError } from './fork-error.ts';
import { checkFolder, makeFork } from './fork.ts';
import {
  forkNames,
  likelyPlural,
  pluralName,
  regularPlural,
  resourceName,
  serviceName,
  UnfitName,
} from './names.ts';
import { type License, licenses } from './options.ts';
import { neverTaken, parts } from './parts.ts';
import { answersOf } from './provenance.ts';
import { createQuestions, type Questions } from './questions.ts';

const usage = `npm run fork -- FOLDER --name NAME --resource RESOURCE [--plural PLURAL] [--outbox|--no-worker] [--without PART,…] [--license ${licenses.join('|')}] [--holder NAME]
npm run fork -- FOLDER --like FORK

Makes a service of its own from this one, with a small domain around RESOURCE in place of orders.
Parts that can be left out: ${Object.keys(parts).join(', ')}.
--like takes the names, parts and licence of a fork that is there, to bring it up to date (docs/forking.md).
--outbox, the default, brings a worker that settles what requests leave pending; --no-worker is --without worker.
Parts that no fork has yet: ${neverTaken.join(', ')}.`;

/** `npm run fork`. Where there is a terminal, it asks for what is missing. */
async function main(): Promise<void> {
  const { values: said, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      name: { type: 'string' },
      resource: { type: 'string' },
      plural: { type: 'string' },
      without: { type: 'string', multiple: true },
      outbox: { type: 'boolean' },
      'no-worker': { type: 'boolean' },
      license: { type: 'string' },
      holder: { type: 'string' },
      like: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  if (said.help) {
    process.stdout.write(`${usage}\n`);
    return;
  }
  const interruption = new AbortController();
  const interrupt = () => interruption.abort(new Interrupted());
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupt);
  const questions = createQuestions(interruption.signal, interrupt);
  const { ask } = questions;
  try {
    const values =
      said.like === undefined ? said : { ...answersBeside(said, await answersOf(said.like)), ...said };
    const [folder] = positionals;
    if (positionals.length > 1)
      throw new ForkError(`One folder, please: "${positionals[1]}" is one too many.`);
    const target = await ask(folder, { text: 'The folder', read: toFolder });
    const name = await ask(values.name, { text: 'The name of the service (--name)', read: serviceName });
    const resource = await ask(values.resource, {
      text: 'The resource, in the singular (--resource)',
      read: resourceName,
    });
    const needsPlural = values.plural === undefined && regularPlural(resource) === undefined;
    const plural =
      needsPlural && questions.atTerminal
        ? await ask(undefined, {
            text: `The plural of ${resource} (--plural)`,
            otherwise: likelyPlural(resource),
            read: (answer) => pluralName(answer, resource),
          })
        : values.plural;
    const names = forkNames({ name, resource, plural });
    const without = await partsLeftOut(values, questions);
    const license = await ask(values.license, {
      text: `The licence, ${licenses.join(' or ')} (--license)`,
      otherwise: 'UNLICENSED',
      read: toLicense,
    });
    const holder =
      license === 'UNLICENSED'
        ? ''
        : await ask(values.holder || undefined, {
            text: 'Who holds the copyright (--holder)',
            otherwise: `the authors of ${name}`,
            read: (answer) => answer,
          });
    questions.close();
    await makeFork(target, { names, without, license, holder }, interruption.signal);
    process.stdout.write(`${names.service} is in ${target}. Next:

  cd ${quoted(target)} && npm install && npm start
`);
  } catch (error) {
    throw interruption.signal.aborted ? new Interrupted() : error;
  } finally {
    questions.close();
  }
}

/** Its user has given up. */
class Interrupted extends Error {
  override readonly name = 'Interrupted';

  constructor() {
    super('Given up: nothing is made.');
  }
}

/** A path as a shell takes it. */
function quoted(folder: string): string {
  return /^[\w./~-]+$/.test(folder) ? folder : `'${folder.replaceAll("'", String.raw`'\''`)}'`;
}

interface Choice {
  without?: string[] | undefined;
  outbox?: boolean | undefined;
  'no-worker'?: boolean | undefined;
}

/** The answers of a fork that is there, without those that an option under another name replaces. */
function answersBeside(
  said: Choice & { resource?: string | undefined },
  had: Awaited<ReturnType<typeof answersOf>>,
) {
  const { resource = had.resource, outbox = false } = said;
  return {
    ...had,
    plural: resource === had.resource ? had.plural : undefined,
    outbox: had.outbox && !leavesWorkerOut(said),
    without: had.without.filter((part) => !(outbox && part === 'worker')),
  };
}

function partsNamed({ without = [] }: Choice): string[] {
  return without.flatMap((list) => list.split(',')).filter((part) => part !== '');
}

function leavesWorkerOut(choice: Choice): boolean {
  return choice['no-worker'] === true || partsNamed(choice).includes('worker');
}

async function partsLeftOut(choice: Choice, { ask }: Questions): Promise<string[]> {
  const { outbox = false } = choice;
  const isLeftOut = leavesWorkerOut(choice);
  if (outbox && isLeftOut)
    throw new ForkError('--outbox brings the worker that --no-worker leaves out: take one of them.');
  const hasWorker = await ask(outbox ? 'yes' : isLeftOut ? 'no' : undefined, {
    text: 'A worker for what requests leave pending (--outbox, --no-worker)',
    otherwise: 'yes',
    read: toDecision,
  });
  return [...new Set([...partsNamed(choice), ...(hasWorker ? [] : ['worker'])])];
}

async function toFolder(answer: string): Promise<string> {
  if (answer === '') throw new ForkError('The folder is missing. See npm run fork -- --help.');
  await checkFolder(answer);
  return answer;
}

function toDecision(answer: string): boolean {
  if (!/^(?:y|yes|n|no)$/i.test(answer))
    throw new ForkError(`The answer "${answer}" will not do: yes or no.`);
  return /^y/i.test(answer);
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
    error instanceof Interrupted ||
    error instanceof UnfitName ||
    (error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'));
  if (!isTold) throw error;
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = error instanceof Interrupted ? 130 : 1;
}
