import { settings } from './settings.ts';

/** Whose data the page shows. Kept until the browser tab is closed. */
export interface Session {
  readonly key: string;
  /** Null: the first organization of the credential. */
  readonly organizationId: string | null;
  /** Chosen by users; an API key has one of its own. */
  readonly environment: 'live' | 'test';
}

/** GraphiQL reads it too, so that it opens queries of the dashboard with the same key. */
const storageKey = 'calls-gateway.session';

/** The tab's session; the demo's where there is none yet; null where a key must be asked for. */
export function readSession(): Session | null {
  try {
    const stored = sessionStorage.getItem(storageKey);
    if (stored !== null) return JSON.parse(stored) as Session | null;
  } catch {
    // Storage is denied: the session lasts as long as the page.
  }
  return settings.demoKey === null ? null : startSession(settings.demoKey);
}

export function startSession(key: string): Session {
  return { key: key.trim(), organizationId: null, environment: 'live' };
}

/** Null is kept too: who signed out of a demo is asked at the next reload. */
export function storeSession(session: Session | null): void {
  try {
    sessionStorage.setItem(storageKey, JSON.stringify(session));
  } catch {
    // As above.
  }
}

export function isApiKey(key: string): boolean {
  return key.startsWith('kros_');
}

/** The headers that a request of the session carries. */
export function toHeaders({ key, organizationId, environment }: Session): Record<string, string> {
  return {
    authorization: `Bearer ${key}`,
    ...(organizationId !== null && { 'x-organization-id': organizationId }),
    ...(!isApiKey(key) && environment === 'test' && { 'x-environment': environment }),
  };
}
