/**
 * Whether the URL answers with success, as an exit code: `node src/healthcheck.ts http://127.0.0.1:7071/readyz`. For
 * containers, whose images have neither curl nor wget.
 */
const [url = ''] = process.argv.slice(2);
try {
  const response = await fetch(url, { signal: AbortSignal.timeout(3000) });
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
} catch (error) {
  process.stderr.write(`${url}: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
