import type { Context } from 'hono';
import type { CallLogFormat } from '../call-log/format.ts';
import { internalServerError } from '../errors.ts';
import { typeOfFormat } from './accept.ts';
import { type ExportPiece, exportCalls } from './export.ts';
import { type ExportLimits, type ExportPlaces, toStream } from './export-stream.ts';
import { toFilter } from './filter.ts';
import type { FilterParams } from './filter-params.ts';
import type { Execute, RequestEnv } from './request.ts';
import { holdHeapSmall } from './small-heap.ts';

interface ExportParts {
  readonly execute: Execute;
  readonly places: ExportPlaces;
  readonly limits: ExportLimits;
}

/** Answers with all calls of the filter as a file. What fails before its first call is an ordinary error. */
export async function answerExport(
  c: Context<RequestEnv>,
  { execute, places, limits }: ExportParts,
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
    const pieces = exportCalls((variables) => execute(c, 'export', variables), { filter, format });
    const first = await pieces.next();
    const body = toStream(startWith(first, pieces), {
      limits,
      reset: c.env?.incoming?.reset ?? null,
      onEnd: release,
    });
    return new Response(body, { headers });
  } catch (error) {
    release();
    throw error;
  }
}

const contentTypes: Readonly<Record<CallLogFormat, string>> = {
  csv: `${typeOfFormat.csv}; charset=utf-8; header=present`,
  ndjson: typeOfFormat.ndjson,
};

function toFileName(environment: string, format: CallLogFormat): string {
  return `calls-${environment}-${new Date().toISOString().slice(0, 10)}.${format}`;
}

async function* startWith(
  first: IteratorResult<ExportPiece, undefined>,
  rest: AsyncGenerator<ExportPiece, undefined>,
): AsyncGenerator<Uint8Array, undefined> {
  if (first.done) return;
  yield first.value.bytes;
  for await (const { bytes } of rest) yield bytes;
}
