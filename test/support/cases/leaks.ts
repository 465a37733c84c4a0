import { cwd } from 'node:process';

/** What no answer and no log line may hold, whoever asks: stacks, statements, drivers, places of the machine. */
const innards: readonly RegExp[] = [
  /\bat \S+ \(?(file:|node:|\/)/,
  /node_modules/,
  /\bselect\b[^"]{0,300}\bfrom\b|\binsert into\b|\bdelete from\b|\bupdate "?\w+"? set\b/i,
  /PostgresError|DrizzleQueryError|Failed query|PGlite|postgres\.js|SQLSTATE|violates|relation "/,
  /ECONNRE|EPIPE|ENOENT/,
  /root:x:0/,
];
const credential = /kros_(live|test)_[0-9A-Za-z]{8,}|eyJ[\w-]{10,}\./;

/** The first thing in an answer that no answer may hold, or null. */
export function findLeak(text: string, secrets: readonly string[]): string | null {
  const found = innards.find((pattern) => pattern.test(text));
  if (found !== undefined) return String(found);
  if (text.includes(cwd())) return 'a path of the machine';
  return secrets.find((secret) => text.includes(secret)) ?? null;
}

/**
 * The first thing in a log that no log may hold, or null: credentials, statements, phone numbers, what was said.
 * The places in our code where an error came from may be there.
 */
export function findLeakOfLog(log: string, secrets: readonly string[]): string | null {
  if (credential.test(log)) return String(credential);
  const statement = innards[2];
  if (statement?.test(log)) return String(statement);
  const written = secrets.flatMap((secret) => [secret, encodeURIComponent(secret)]);
  return written.find((secret) => log.includes(secret)) ?? null;
}
