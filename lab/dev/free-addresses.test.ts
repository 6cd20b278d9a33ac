import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, test } from 'vitest';
import { checkAddresses } from './free-addresses.ts';

const host = '127.0.0.1';

test('free addresses pass, and are free again afterwards', async () => {
  const occupant = createServer().listen(0, host);
  await once(occupant, 'listening');
  const { port } = occupant.address() as AddressInfo;
  await new Promise((resolve) => occupant.close(resolve));
  const addresses = [
    { host, port, variable: 'PORT' },
    { host, port: 0, variable: 'ADMIN_PORT' },
    { host, port: 0, variable: 'CONSOLE_PORT' },
  ];
  await expect(checkAddresses(addresses)).resolves.toBeUndefined();
  await expect(checkAddresses(addresses)).resolves.toBeUndefined();
});

test('a taken port and two variables with one port are reported in one line each', async () => {
  const occupant = createServer().listen(0, host);
  await once(occupant, 'listening');
  const { port } = occupant.address() as AddressInfo;
  const other = createServer().listen(0, host);
  await once(other, 'listening');
  const { port: shared } = other.address() as AddressInfo;
  await new Promise((resolve) => other.close(resolve));

  await expect(
    checkAddresses([
      { host, port, variable: 'PORT' },
      { host, port: shared, variable: 'ADMIN_PORT' },
      { host, port: shared, variable: 'SIMULATOR_PORT' },
    ]),
  ).rejects.toThrow(
    `Port ${port} on ${host} is taken. Set PORT to another one, or to 0 for any free one.\n` +
      `ADMIN_PORT and SIMULATOR_PORT are both ${shared}. Set one of them to another port.`,
  );
  occupant.close();
});
