import { countCalls } from './count-calls.ts';
import { describeError, unreachable } from './error-words.ts';
import { type CallFilter, toRestParams } from './filter.ts';
import type { SaveTarget } from './save-target.ts';
import { type Session, toHeaders } from './session.ts';

export interface ExportProgress {
  readonly calls: number;
  /** How many there were as it began. */
  readonly total: number;
}

export interface ExportParts {
  readonly session: Session;
  readonly filter: CallFilter;
  readonly zone: string;
  readonly target: SaveTarget;
  readonly signal: AbortSignal;
  onProgress(progress: ExportProgress): void;
}

/**
 * Saves all calls of a filter as CSV, as `GET /calls` gives it, while it arrives. Throws where the gateway refuses,
 * where it answers with something else than CSV, and where the export ends too early.
 */
export async function exportCalls(parts: ExportParts): Promise<void> {
  const { target, signal, onProgress } = parts;
  try {
    const response = await request(parts);
    const total = Number(response.headers.get('x-total-count'));
    const stream = response.body;
    if (stream === null) return await target.discard();
    await target.save(stream.pipeThrough(countCalls((calls) => onProgress({ calls, total }))), signal);
  } catch (error) {
    await target.discard();
    // A connection that broke off is a TypeError with words of the browser.
    throw error instanceof TypeError ? new Error('The export broke off. Try again.') : error;
  }
}

async function request({ session, filter, zone, signal }: ExportParts): Promise<Response> {
  const params = toRestParams(filter);
  params.set('timezone', zone);
  // Percent-encoded spaces and pluses: REST reads a plus as a plus.
  const response = await fetch(`/calls?${params.toString().replaceAll('+', '%20')}`, {
    headers: { accept: 'text/csv', ...toHeaders(session) },
    signal,
  }).catch((error: unknown) => {
    throw signal.aborted ? error : new Error(unreachable);
  });
  if (response.headers.get('content-type')?.startsWith('text/csv')) return response;
  if (response.ok || response.status === 406) throw new Error('This gateway does not export CSV.');
  const answer = await response.json().catch(() => null);
  throw new Error(describeError(answer?.code ?? null, response.status, answer?.retry_after ?? null));
}
