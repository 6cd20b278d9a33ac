/**
 * Checks that a URL answers with success: `node src/healthcheck.ts http://127.0.0.1:7071/readyz` exits with 0 or 1. Images
 * without curl and wget use it as their health check.
 */
const [url = ''] = process.argv.slice(2);
try {
  const response = await fetch(url, { signal: AbortSignal.timeout(3000) });
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
} catch (error) {
  process.stderr.write(`${url}: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
