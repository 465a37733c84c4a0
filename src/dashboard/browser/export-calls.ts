import { describeError, unreachable } from './error-words.ts';
import { type CallFilter, toRestParams } from './filter.ts';
import { type Session, toHeaders } from './session.ts';

/**
 * Saves all calls of a filter as CSV, as `GET /calls` gives it. Throws where the gateway refuses, and where it
 * answers with something else than CSV.
 */
export async function exportCalls(session: Session, filter: CallFilter, zone: string): Promise<void> {
  const params = toRestParams(filter);
  params.set('timezone', zone);
  // Percent-encoded spaces and pluses: REST reads a plus as a plus.
  const response = await fetch(`/calls?${params.toString().replaceAll('+', '%20')}`, {
    headers: { accept: 'text/csv', ...toHeaders(session) },
  }).catch(() => {
    throw new Error(unreachable);
  });
  if (!response.headers.get('content-type')?.startsWith('text/csv')) {
    if (response.ok || response.status === 406) throw new Error('This gateway does not export CSV.');
    const answer = await response.json().catch(() => null);
    throw new Error(describeError(answer?.code ?? null, response.status, answer?.retry_after ?? null));
  }
  const address = URL.createObjectURL(await response.blob());
  const link = document.createElement('a');
  link.href = address;
  link.download = `calls-${new Date().toISOString().slice(0, 10)}.csv`;
  link.click();
  // Once the browser has begun to read it.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
