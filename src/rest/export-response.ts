import type { Context } from 'hono';
import type { Caller } from '../auth/caller.ts';
import type { CallLogFormat } from '../call-log/format.ts';
import { internalServerError, organizationForbidden } from '../errors.ts';
import type { RequestEnv } from '../http/request-env.ts';
import { typeOfFormat } from './accept.ts';
import { type AskForPage, type ExportPiece, exportCalls } from './export.ts';
import { type ExportLimits, type ExportPlaces, toStream } from './export-stream.ts';
import { toFilter } from './filter.ts';
import type { FilterParams } from './filter-params.ts';
import type { Execute } from './request.ts';
import { holdHeapSmall } from './small-heap.ts';

interface ExportParts {
  readonly execute: Execute;
  /** Who the request is now. */
  readonly identify: (c: Context<RequestEnv>) => Promise<Caller>;
  readonly places: ExportPlaces;
  readonly limits: ExportLimits;
}

/** Answers with all calls of the filter as a file. What fails before its first call is an ordinary error. */
export async function answerExport(
  c: Context<RequestEnv>,
  { execute, identify, places, limits }: ExportParts,
  { params, format }: { params: FilterParams; format: CallLogFormat },
): Promise<Response> {
  const caller = c.get('caller');
  if (caller === null) throw internalServerError();
  const filter = toFilter(params);
  const { calls } = await execute(c, 'count', { filter });
  const headers = {
    'content-type': contentTypes[format],
    'content-disposition': `attachment; filename="${toFileName(caller.environment, format)}"`,
    'x-total-count': String(calls.totalCount),
  };
  if (c.req.method === 'HEAD') return new Response(null, { headers });
  const leave = places.take(caller.organizationId);
  const letHeapGrow = holdHeapSmall();
  const release = () => {
    letHeapGrow();
    leave();
  };
  try {
    const ask: AskForPage = async (variables) => {
      c.set('caller', await confirm(caller, identify(c)));
      return await execute(c, 'export', variables);
    };
    const pieces = exportCalls(ask, { filter, format });
    const first = await pieces.next();
    if (first.done) {
      release();
      return new Response('', { headers });
    }
    const body = toStream(startWith(first.value, pieces), {
      limits,
      reset: toReset(c),
      onEnd: release,
    });
    return new Response(body, { headers });
  } catch (error) {
    release();
    throw error;
  }
}

/** An export lasts: a key that was revoked or a membership that ended since it began gets no further page. */
async function confirm(caller: Caller, identified: Promise<Caller>): Promise<Caller> {
  const now = await identified;
  const { organizationId, environment } = now;
  if (organizationId !== caller.organizationId || environment !== caller.environment) {
    throw organizationForbidden();
  }
  return now;
}

/** Breaks the connection off; null where there is none. */
function toReset(c: Context<RequestEnv>): (() => void) | null {
  const socket = c.env?.outgoing?.socket;
  return socket == null ? null : () => void socket.resetAndDestroy();
}

const contentTypes: Readonly<Record<CallLogFormat, string>> = {
  csv: `${typeOfFormat.csv}; charset=utf-8; header=present`,
  ndjson: typeOfFormat.ndjson,
};

function toFileName(environment: string, format: CallLogFormat): string {
  return `calls-${environment}-${new Date().toISOString().slice(0, 10)}.${format}`;
}

async function* startWith(
  first: ExportPiece,
  rest: AsyncGenerator<ExportPiece, undefined>,
): AsyncGenerator<Uint8Array, undefined> {
  yield first.bytes;
  for await (const { bytes } of rest) yield bytes;
}
