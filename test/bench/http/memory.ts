import { setTimeout as wait } from 'node:timers/promises';
import { type Judge, printTable, toFigure } from '../data/report.ts';
import { median } from '../data/timing.ts';
import { applyLoad, type HttpRequest } from './load.ts';
import type { Operation } from './operations.ts';
import { startServer } from './process.ts';
import { loadServer, type RunningServer } from './rounds.ts';
import type { Contestant } from './servers.ts';

const starts = 3;
const restMs = 2_000;
const requests = 100_000;
const documents = 100_000;
const partsOfLongRun = 10;
const growthMax = 1.1;
// Five calls are longer than an error.
const lengthMin = 400;

const toMb = (bytes: number) => toFigure(bytes / 1e6);

/** Prints how long each server takes to listen, and its memory at rest and after 100,000 pages; starts it anew. */
export async function benchSize(servers: readonly RunningServer[], page: Operation): Promise<void> {
  const rows: string[][] = [];
  for (const server of servers) {
    console.error(`size of ${server.name}`);
    const times: number[] = [];
    for (let start = 1; start < starts; start++) {
      const process = await startServer(server.program);
      times.push(process.startMs);
      await process.stop();
    }
    const process = await startServer(server.program);
    times.push(process.startMs);
    try {
      await wait(restMs);
      const rest = await process.readRssBytes();
      await loadServer({ ...server, process }, page, { requests });
      const after = await process.readRssBytes();
      rows.push([server.title, toFigure(median(times)), toMb(rest), toMb(after)]);
    } finally {
      await process.stop();
    }
  }
  const head = ['server', 'ms to listen', 'MB at rest', `MB after ${requests.toLocaleString('en')} requests`];
  printTable('Start and size', head, rows);
}

/** A million requests of 100,000 documents that no two are alike: the gateway's memory must not grow. */
export async function benchGrowth(
  gateway: Contestant,
  { headers, judge }: { headers: HttpRequest['headers']; judge: Judge },
): Promise<void> {
  const process = await startServer(gateway.program);
  const rows: string[][] = [];
  const sizes: number[] = [];
  try {
    const all = Array.from({ length: documents }, (_, i) => toRequest(i, headers));
    for (let part = 1; part <= partsOfLongRun; part++) {
      console.error(`distinct documents, ${part} of ${partsOfLongRun}`);
      await applyLoad({ url: process.url, requests: all, until: { requests: documents }, lengthMin });
      const size = await process.readRssBytes();
      sizes.push(size);
      rows.push([(part * documents).toLocaleString('en'), toMb(size)]);
    }
  } finally {
    await process.stop();
  }
  const growth = median(sizes.slice(-3)) / median(sizes.slice(1, 4));
  const verdict = judge.judge({
    name: 'memory, last parts to first',
    figure: growth,
    atMost: growthMax,
    unit: '×',
  });
  const heading = `Memory over ${documents.toLocaleString('en')} distinct documents, again and again`;
  printTable(heading, ['requests', 'MB'], rows);
  console.log(
    `- the median of the last three to that of the second to fourth ${toFigure(growth)}×: ${verdict}`,
  );
}

function toRequest(i: number, headers: HttpRequest['headers']): HttpRequest {
  const query = `query Distinct${i} { calls(first: 5, offset: ${i % 200}) { nodes { a${i}: uuid status createdAt } } }`;
  return {
    method: 'POST',
    path: '/graphql',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query }),
  };
}
