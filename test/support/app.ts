import { type App, type AppParts, createApp } from '../../src/app.ts';
import { parseConfig } from '../../src/config.ts';
import type { Database } from '../../src/db/client.ts';
import { createLog } from '../../src/log.ts';

type LogLine = Readonly<Record<string, unknown>>;

export interface TestApp extends App {
  readonly database: Database;
  /** What the app has logged so far, oldest first, as an operator's log would hold it: redacted. */
  logLines(): LogLine[];
  /** The same as text, for what may be nowhere in it. */
  logText(): string;
}

export interface AppOverrides extends Partial<Omit<AppParts, 'config' | 'database' | 'log'>> {
  /** Settings besides the defaults: `{ CORS_ORIGINS: 'https://app.example' }`. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** The gateway over a database, as `serve` wires it, with every log line kept in memory. */
export function openApp(database: Database, overrides: AppOverrides = {}): TestApp {
  const { environment = {}, ...parts } = overrides;
  const lines: string[] = [];
  const config = parseConfig({ NODE_ENV: 'test', LOG_LEVEL: 'trace', ...environment });
  const log = createLog(config.logLevel, { write: (line) => void lines.push(line) });
  return {
    ...createApp({ config, database, log, ...parts }),
    database,
    logLines: () => lines.map((line) => JSON.parse(line) as LogLine),
    logText: () => lines.join(''),
  };
}
