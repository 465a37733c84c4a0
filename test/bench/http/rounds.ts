import { setTimeout as wait } from 'node:timers/promises';
import { applyLoad, type Served } from './load.ts';
import type { Operation, OperationName } from './operations.ts';
import type { ServerProcess } from './process.ts';
import type { Contestant, ServerName } from './servers.ts';

export interface RunningServer extends Contestant {
  readonly process: ServerProcess;
  /** How long its shortest answer to an operation was when it was checked. */
  readonly lengths: ReadonlyMap<OperationName, number>;
}

export interface Round extends Served {
  readonly cpuMicros: number;
}

/** The rounds of each server, by operation. */
export type Rounds = ReadonlyMap<OperationName, ReadonlyMap<ServerName, readonly Round[]>>;

const warmUpSecondsMax = 2;
const pauseMs = 200;

/**
 * Loads the servers in turn, one at a time: in each round every operation, for each operation every server, so that
 * a slow minute of the machine falls on all of them; each round begins with another server.
 */
export async function runRounds(
  servers: readonly RunningServer[],
  operations: readonly Operation[],
  { rounds, seconds }: { readonly rounds: number; readonly seconds: number },
): Promise<Rounds> {
  const found = new Map(operations.map(({ name }) => [name, new Map<ServerName, Round[]>()]));
  for (let round = 0; round <= rounds; round++) {
    console.error(round === 0 ? 'warming up' : `round ${round} of ${rounds}`);
    for (const operation of operations) {
      for (const server of [
        ...servers.slice(round % servers.length),
        ...servers.slice(0, round % servers.length),
      ]) {
        if (server.questions[operation.name] === undefined) continue;
        const result = await runRound(
          server,
          operation,
          round === 0 ? Math.min(seconds, warmUpSecondsMax) : seconds,
        );
        const ofOperation = found.get(operation.name);
        if (round > 0) ofOperation?.set(server.name, [...(ofOperation.get(server.name) ?? []), result]);
        await wait(pauseMs);
      }
    }
  }
  return found;
}

async function runRound(server: RunningServer, operation: Operation, seconds: number): Promise<Round> {
  const before = await server.process.readCpuMs();
  const served = await loadServer(server, operation, { seconds });
  const cpuMs = (await server.process.readCpuMs()) - before;
  return { ...served, cpuMicros: (cpuMs * 1000) / served.requests };
}

/** An answer less than half as long as the shortest that was right counts as a failure. */
export function loadServer(
  { questions, process, lengths }: RunningServer,
  { name, values }: Operation,
  until: { readonly seconds: number } | { readonly requests: number },
): Promise<Served> {
  const requests = values.flatMap((value) => questions[name]?.ask(value) ?? []);
  return applyLoad({ url: process.url, requests, until, lengthMin: (lengths.get(name) ?? 0) / 2 });
}
