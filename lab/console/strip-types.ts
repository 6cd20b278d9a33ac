import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';

/**
 * Prints the TypeScript files that its arguments name as JavaScript, as a list in JSON. It runs as a process of its own, because what
 * strips the types keeps 30 MiB for as long as its process lives.
 */
const modules = process.argv.slice(2).map((file) => stripTypeScriptTypes(readFileSync(file, 'utf8')));
process.stdout.write(JSON.stringify(modules));
