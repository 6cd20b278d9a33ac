import type { FastifyInstance, FastifyRequest } from 'fastify';
import { cookieOf } from './cookies.ts';
import { domainAddresses } from './domain.ts';
import type { PageFile } from './page-files.ts';

/** Every address of the page. All of them serve one document, whose code reads the address. */
const addresses = [
  '/',
  '/traces',
  '/traces/:id',
  '/compare/:id',
  '/logs',
  '/map',
  '/metrics',
  '/alerts',
  '/alerts/:id',
  '/senders',
  '/traffic',
  ...domainAddresses,
] as const;

export async function pageRoutes(app: FastifyInstance, { files }: { files: ReadonlyMap<string, PageFile> }) {
  for (const address of addresses) {
    app.get(address, (request, reply) => {
      const index = files.get('index.html');
      return reply.type(index?.type ?? '').send(withTheme(index?.content ?? '', request));
    });
  }
  app.get<{ Params: { name: string } }>('/page/:name', (request, reply) => {
    const file = files.get(request.params.name);
    if (file === undefined) return reply.callNotFound();
    if (file.isLasting) reply.header('cache-control', 'private, max-age=31536000, immutable');
    return reply.type(file.type).send(file.content);
  });
}

/** With the colours that the user has chosen, so that none of the others is drawn before the page's own code runs. */
function withTheme(document: string, request: FastifyRequest): string {
  const theme = ['light', 'dark'].find((each) => each === cookieOf(request, 'console-theme'));
  return theme === undefined ? document : document.replace('<html', `<html data-theme="${theme}"`);
}
