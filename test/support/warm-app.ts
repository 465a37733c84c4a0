import { createAuthenticator } from '../../src/auth/authenticate.ts';
import type { Database } from '../../src/db/client.ts';
import { createLog } from '../../src/log.ts';
import { openApp, type TestApp } from './app.ts';
import { graphqlClient } from './client.ts';

const hourMs = 3_600_000;

/** The app with these keys looked up already and kept for an hour: a request's statements are all its own. */
export async function openWarmApp(database: Database, keys: readonly string[]): Promise<TestApp> {
  const authenticator = createAuthenticator({
    db: database.db,
    supabaseUrl: undefined,
    supabaseJwtSecret: undefined,
    log: createLog('silent'),
    lookUpTtlMs: hourMs,
  });
  const app = openApp(database, { authenticator });
  for (const key of keys) await graphqlClient(app, key).queryData('{ __typename }');
  // The note of a key's use goes out in the background; it has left before a whole round trip is over.
  await database.ping();
  return app;
}
