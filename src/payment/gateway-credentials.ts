import { readFileSync } from 'node:fs';
import { authorization } from '../config/addresses.ts';
import { Secret } from '../config/environment.ts';
import type { GatewayAccess } from '../config/gateway-config.ts';
import { StartupError } from '../errors.ts';

/** What the gateway knows us by. */
export interface Credentials {
  /** The headers of a request; none without credentials. */
  headers(): Record<string, string>;
  /** The gateway refused a request for its credentials. A file may hold new ones by now. */
  refused(): void;
}

/** Milliseconds between two looks into the file, because a wrong key is refused with every request. */
const lookInterval = 1000;

/** @throws {StartupError} when the file cannot be read, or does not hold the value of a header */
export function loadCredentials(source: GatewayAccess['authorization']): Credentials {
  if (source === undefined) return { headers: () => ({}), refused: () => {} };
  if (source.kind === 'value') return { headers: () => headersWith(source.value), refused: () => {} };

  const { path } = source;
  let value = readValue(path);
  let lookedAt = -Infinity;
  return {
    headers: () => headersWith(value),
    refused() {
      if (performance.now() - lookedAt < lookInterval) return;
      lookedAt = performance.now();
      try {
        value = readValue(path);
      } catch {
        // The file is being replaced, or is gone. The next refusal looks again.
      }
    },
  };
}

const headersWith = (value: Secret<string>) => ({ authorization: value.reveal() });

const { parse, expected } = authorization({ meaning: 'the content of the file' });

function readValue(path: string): Secret<string> {
  let content: string;
  try {
    content = readFileSync(path, 'utf8');
  } catch (error) {
    throw new StartupError(`PAYMENT_GATEWAY_AUTHORIZATION_FILE cannot be read: ${String(error)}`, {
      cause: error,
    });
  }
  // Editors and `echo` end a file with a newline.
  const value = parse(content.trim());
  if (value === undefined) throw new StartupError(`PAYMENT_GATEWAY_AUTHORIZATION_FILE must hold ${expected}`);
  return new Secret(value);
}
