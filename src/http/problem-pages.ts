import type { FastifyInstance } from 'fastify';
import { escapeText, markUp } from './html-text.ts';
import { problems, type ProblemType, problemPath, sendProblem } from './problem-details.ts';

/**
 * Serves a page about every kind of problem, under the address that the member `type` of a problem names (RFC 9457,
 * section 3.1.1). The addresses are relative, because a service does not know under which name its clients reach it.
 */
export function serveProblemPages(app: FastifyInstance, kinds: Readonly<Record<string, ProblemType>>): void {
  const pages = new Map(Object.values(kinds).map((kind) => [kind.code, pageAbout(kind)]));
  const list = Object.values(kinds).map(
    ({ code, status, title }) =>
      `<li><a href="${problemPath(code)}">${code}</a> (${status}): ${escapeText(title)}`,
  );
  const contents = page('Problems', `<ul>${list.join('')}</ul>`);

  app.get('/problems', { schema: { hide: true } }, (_request, reply) =>
    reply.type('text/html; charset=utf-8').send(contents),
  );
  app.get<{ Params: { code: string } }>('/problems/:code', { schema: { hide: true } }, (request, reply) => {
    const found = pages.get(request.params.code);
    if (found === undefined) return sendProblem(reply, problems.route_not_found, seeProblems);
    return reply.type('text/html; charset=utf-8').send(found);
  });
}

const seeProblems = 'There is no such kind of problem. See /problems for all of them.';

function pageAbout({ code, status, title, advice }: ProblemType): string {
  return page(
    title,
    `<p>Status ${status}, code <code>${code}</code>.<p>What to do: ${markUp(advice)}.<p><a href="/problems">All problems</a>`,
  );
}

function page(title: string, body: string): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${escapeText(title)}</title><h1>${escapeText(title)}</h1>${body}</html>\n`;
}
