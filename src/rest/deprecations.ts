import type { Context, Next } from 'hono';
import type { RequestEnv } from '../http/request-env.ts';

/** The operations as the log and the document name them. */
export type OperationName = 'GET /calls' | 'GET /calls/{id}' | 'DELETE /calls/{id}';

/** A part of the REST API that callers should stop using. */
export interface Deprecation {
  readonly operation: OperationName;
  /** One of its query parameters; absent: the whole operation. */
  readonly parameter?: string;
  /** Since when, and from when on it may be gone; both RFC 3339. */
  readonly since: string;
  readonly sunset?: string;
  /** Where it says what to do instead. */
  readonly link?: string;
}

/** What is deprecated today. The headers of answers and the document of the API follow from it. */
export const deprecations: readonly Deprecation[] = [];

/** Tells callers of what they use that is deprecated, by RFC 9745 (Deprecation) and RFC 8594 (Sunset). */
export function announce(known: readonly Deprecation[]) {
  return async (c: Context<RequestEnv>, next: Next): Promise<void> => {
    await next();
    const used = known.filter((each) => isUsed(each, c));
    if (used.length === 0) return;
    const headers = toHeaders(used);
    for (const [name, value] of Object.entries(headers)) c.res.headers.append(name, value);
  };
}

function isUsed({ operation, parameter }: Deprecation, c: Context<RequestEnv>): boolean {
  if (c.get('operation') !== operation) return false;
  return parameter === undefined || new URL(c.req.raw.url).searchParams.has(parameter);
}

/** Of several: the first that was deprecated, and the first that goes. */
function toHeaders(used: readonly Deprecation[]): Record<string, string> {
  const [since] = used.map((each) => Date.parse(each.since)).sort((a, b) => a - b);
  const [sunset] = used.flatMap((each) => each.sunset ?? []).sort((a, b) => Date.parse(a) - Date.parse(b));
  const links = used.flatMap(({ link }) => (link === undefined ? [] : `<${link}>; rel="deprecation"`));
  return {
    deprecation: `@${Math.floor((since ?? 0) / 1000)}`,
    ...(sunset !== undefined && { sunset: new Date(sunset).toUTCString() }),
    ...(links.length > 0 && { link: links.join(', ') }),
  };
}
