export interface Timing<Result> {
  readonly medianMs: number;
  /** What the last run gave. */
  readonly result: Result;
}

export interface Runs {
  /** Runs that are not counted: a server plans a statement at its first. */
  readonly warmUps: number;
  readonly runs: number;
}

export async function measure<Result>(work: () => Promise<Result>, runs: Runs): Promise<Timing<Result>> {
  const [timing] = await measureInTurn([work], runs);
  if (timing === undefined) throw new Error('Nothing was measured.');
  return timing;
}

/** Measures works that are to be compared: in turn, so that a slow second of the machine falls on all of them. */
export async function measureInTurn<Result>(
  works: readonly (() => Promise<Result>)[],
  { warmUps, runs }: Runs,
): Promise<Timing<Result>[]> {
  const times: number[][] = works.map(() => []);
  const results: Result[] = [];
  for (let run = -warmUps; run < runs; run++) {
    for (const [i, work] of works.entries()) {
      const startedMs = performance.now();
      results[i] = await work();
      if (run >= 0) times[i]?.push(performance.now() - startedMs);
    }
  }
  return results.map((result, i) => ({ medianMs: median(times[i] ?? []), result }));
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
