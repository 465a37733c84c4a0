import { randomUUID } from 'node:crypto';

/** The request headers that an answer depends on. */
export const varying = 'authorization, x-api-key, x-organization-id, x-environment, origin, accept';

/** The id that a client gave a request, or a new one where that is not 1 to 128 printable ASCII characters. */
export function toRequestId(given: string | string[] | null | undefined): string {
  return typeof given === 'string' && /^[!-~]{1,128}$/.test(given) ? given : randomUUID();
}
