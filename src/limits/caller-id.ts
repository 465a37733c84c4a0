import { hash } from 'node:crypto';

type Get = (name: string) => string | string[] | null | undefined;

/**
 * Names who asks by what they send, before that is looked at: the digest of the credential, and that of the
 * organization, because a user may have several, each with a budget.
 */
export function toCallerId(get: Get, digestCredential: (get: Get) => string): string {
  const organization = String(get('x-organization-id') ?? '').toLowerCase();
  return `${digestCredential(get)}\n${organization && hash('sha256', organization, 'hex')}`;
}

/** The digest of the credential in the name, with the line's end: no organization is called so. */
export function toCredential(callerId: string): string {
  return callerId.slice(0, callerId.lastIndexOf('\n') + 1);
}
