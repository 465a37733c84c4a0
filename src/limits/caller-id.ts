type HeaderValue = string | string[] | null | undefined;

/**
 * Names who asks by what they send, before that is looked at: the credential, however it is spelled, and the
 * organization, because a user may have several, each with a budget.
 */
export function toCallerId(get: (name: string) => HeaderValue): string {
  const token = String(get('authorization') ?? '').replace(/^bearer /i, '');
  const apiKey = String(get('x-api-key') ?? '');
  const credential = token === '' || token === apiKey ? apiKey : `${token}${apiKey && ` ${apiKey}`}`;
  return `${credential}\n${String(get('x-organization-id') ?? '').toLowerCase()}`;
}

/** The credential in the name, with the line's end: an organization that is sent as a credential is none. */
export function toCredential(callerId: string): string {
  return callerId.slice(0, callerId.lastIndexOf('\n') + 1);
}
