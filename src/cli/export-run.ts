import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Caller, Environment } from '../auth/caller.ts';
import type { CallLogFormat } from '../call-log/format.ts';
import { findOrganizationsByIds } from '../calls/detail.ts';
import type { Config } from '../config.ts';
import type { Database } from '../db/client.ts';
import { createGateway } from '../graphql/gateway.ts';
import { createLog } from '../log.ts';
import { createDocumentExecutor } from '../rest/execute.ts';
import { exportCalls } from '../rest/export.ts';
import { holdHeapSmall } from '../rest/small-heap.ts';
import { withDatabase } from './database.ts';
import { getOrganizationId } from './organization.ts';
import { CommandError } from './output.ts';
import { startProgress } from './progress.ts';

export interface ExportOptions {
  readonly organization: string;
  readonly environment: Environment;
  readonly format: CallLogFormat;
  /** The members of a CallFilter that are given, as GraphQL takes them. */
  readonly filter: Readonly<Record<string, unknown>>;
}

// Nobody waits behind an export: a filter that finds little among many calls may look for long.
const limits = { statementTimeoutMs: 600_000, answerTimeoutMs: 610_000 };

/** Writes the calls to standard output as fast as they are taken; the progress is on standard error. */
export async function runExport(config: Config, options: ExportOptions): Promise<void> {
  const letHeapGrow = holdHeapSmall();
  await withDatabase(config, (database) => exportFrom(database, options), limits).finally(letHeapGrow);
}

async function exportFrom(
  { db }: Database,
  { organization, environment, format, filter }: ExportOptions,
): Promise<void> {
  const organizationId = await getOrganizationId(db, organization);
  const caller: Caller = {
    ...{ organizationId, environment, scopes: ['calls:read'], actor: 'cli' },
    organizationIds: [organizationId],
  };
  const [found] = await findOrganizationsByIds({ db, caller }, [organizationId]);
  if (!found) throw new CommandError(`There is no organization ${organizationId}.`);
  // What goes wrong is told by the command.
  const execute = createDocumentExecutor(
    createGateway({ db, log: createLog('silent'), introspection: false }),
  );
  const scope = { caller, requestId: 'cli' };
  const isSeen = process.stderr.isTTY && !process.stdout.isTTY;
  const total = isSeen ? (await execute(scope, 'count', { filter })).calls.totalCount : 0;
  let written = 0;
  const progress = isSeen ? startProgress(process.stderr, () => written / Math.max(total, 1)) : null;
  async function* bytes() {
    for await (const piece of exportCalls((variables) => execute(scope, 'export', variables), {
      filter,
      format,
    })) {
      yield piece.bytes;
      written += piece.calls;
      progress?.update(written);
    }
  }
  try {
    await pipeline(Readable.from(bytes(), { highWaterMark: 1 }), process.stdout, { end: false });
  } finally {
    progress?.end();
  }
}
