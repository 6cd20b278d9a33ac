/** What a program asks of a service that runs already, before it uses it. */

/** Milliseconds. Where nothing listens, the answer comes at once. */
const patience = 5000;

/** @throws {Error} if nothing answers */
export async function statusOf(url: string, headers: Record<string, string> = {}): Promise<number> {
  const signal = AbortSignal.timeout(patience);
  const response = await fetch(url, { headers, signal, redirect: 'manual' });
  await response.body?.cancel();
  return response.status;
}

/** @throws {Error} if nothing answers */
export async function takesKey(url: string, apiKey: string): Promise<boolean> {
  return (await statusOf(`${url}/orders?limit=1`, { authorization: `Bearer ${apiKey}` })) !== 401;
}
