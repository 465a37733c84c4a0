import type { Context } from 'hono';
import { dateAt, formatDate, instantMin } from '../calls/calendar.ts';
import { AppError, invalidArgument } from '../errors.ts';
import type { RequestEnv } from '../http/request-env.ts';
import { respondTagged } from './entity-tag.ts';
import { formatBounds, toFilter } from './filter.ts';
import type { ListParams } from './params.ts';
import { toRestCall, toRestPoint, toRestStats } from './projection.ts';
import type { Execute } from './request.ts';

type RequestContext = Context<RequestEnv>;

// GraphQL's Int ends here. Pages beyond are as empty as the last one before, while an organization has fewer calls.
const offsetMax = 2 ** 31 - 1;

export async function answerList(c: RequestContext, execute: Execute, params: ListParams): Promise<Response> {
  const { page, limit } = params;
  const offset = Math.min((page - 1) * limit, offsetMax);
  const { calls } = await execute(c, 'list', { limit, offset, filter: toFilter(params) }).catch(
    (error: unknown) => {
      throw toListError(error);
    },
  );
  const total = calls.totalCount;
  const totalPages = Math.ceil(total / limit);
  const data = calls.nodes.map((call) => toRestCall(call, null));
  return respondTagged(
    c,
    { data, total, page, limit, total_pages: totalPages },
    { 'x-total-count': String(total), link: toLinks(c, page, totalPages) },
  );
}

/** The page size has another name here than in the document. */
function toListError(error: unknown): unknown {
  if (!(error instanceof AppError) || error.details?.parameter !== 'first') return error;
  return invalidArgument('limit', error.details.got, error.details.expected);
}

export async function answerStats(
  c: RequestContext,
  execute: Execute,
  params: ListParams,
): Promise<Response> {
  const stats = await execute(c, 'stats', { filter: toFilter(params) });
  return respondTagged(c, {
    ...toRestStats(stats),
    ...formatBounds(params),
    timezone: params.timezone,
  });
}

export async function answerTrends(
  c: RequestContext,
  execute: Execute,
  params: ListParams,
): Promise<Response> {
  const { timezone, interval = 'day' } = params;
  const { callTrends } = await execute(c, 'trends', {
    filter: toFilter(params),
    interval: interval.toUpperCase(),
    timeZone: timezone,
  });
  const { start_date, end_date } = formatBounds(params);
  const dayOf = (instant: number) => formatDate(dateAt(Math.max(instant, instantMin), timezone));
  return respondTagged(c, {
    data: callTrends.points.map(toRestPoint),
    start_date: start_date ?? dayOf(Date.parse(callTrends.from)),
    end_date: end_date ?? dayOf(Date.parse(callTrends.to) - 1),
    timezone,
    interval,
  });
}

/** RFC 8288, relative to the request's own address: the Host that a client sent is nothing to build on. */
function toLinks(c: RequestContext, page: number, totalPages: number): string {
  const { path } = c.req;
  const { url } = c.req.raw;
  const last = Math.max(totalPages, 1);
  const query = url.includes('?') ? url.slice(url.indexOf('?') + 1) : '';
  const others = query.split('&').filter((pair) => pair !== '' && !pair.startsWith('page='));
  const link = (target: number, rel: string) =>
    `<${path}?${[`page=${target}`, ...others].join('&')}>; rel="${rel}"`;
  return [
    link(1, 'first'),
    ...(page > 1 ? [link(Math.min(page - 1, last), 'prev')] : []),
    ...(page < last ? [link(page + 1, 'next')] : []),
    link(last, 'last'),
  ].join(', ');
}
