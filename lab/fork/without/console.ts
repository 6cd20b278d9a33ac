import { type Edit, remove, replace, withoutBlock } from '../edits.ts';

/** What `npm start` and the documents lose with the console. */
export const withoutConsole: Readonly<Record<string, readonly Edit[]>> = {
  'lab/dev/config.ts': [
    withoutBlock("CONSOLE: oneOf(['on', 'off'], {"),
    withoutBlock('console: boolean'),
    remove(/^ *console: value.*\n/gm),
  ],
  'lab/dev/child-configs.ts': [
    remove(/^import \{ loadConsoleConfig \}.*\n/gm),
    remove(/^.*\(\) => loadConsoleConfig\(env\).*\n/gm),
  ],
  'lab/dev/main.ts': [
    remove(/^import \{ loadConsoleConfig \}.*\n/gm),
    remove(/^import .*'\.\/console\.ts';\n/gm),
    replace('type Address, checkAddresses', 'checkAddresses'),
    remove(/^ *\.\.\.consoleAddresses\(config\),\n/gm),
    remove(/^ *\/\/ The console stops last.*\n.*\n.*\n/gm),
    replace('(config, receiver)', '(config)'),
    remove(/^ *receiver\?\.watch\(\{\n[^]*?^ {2}\}\);\n/gm),
    remove(/^ *Console .*\n/gm),
    remove(/^function consoleAddresses[^]*?^\}\n\n/gm),
    replace(
      /function serviceEnvironment[^]*?^\}\n/gm,
      `function serviceEnvironment({ inherited, hasCollector }: DevConfig): DevConfig['inherited'] {
  return {
    API_KEYS: standIns.API_KEYS,
    // Without a receiver, exporting would only fail. Traces keep their ids.
    ...(!hasCollector && { OTEL_TRACES_EXPORTER: 'none', OTEL_LOGS_EXPORTER: 'none' }),
    ...inherited,
  };
}
`,
    ),
  ],
  'knip.json': [remove(/,\s*"lab\/console\/[^"]*"/g)],
  'README.md': [
    remove(/^`npm start` prints the address of the console[^]*?\n\n/gm),
    remove(/^\| what the console shows .*\n/gm),
  ],
};
