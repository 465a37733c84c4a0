/** How far the sums of calls are behind the calls, as the folding of this process sees it. */
export class RollupLag {
  /** Changes that were pending when they were last counted; the count ends at its bound. */
  pending = 0;
  #nothingPendingAt = performance.now();
  #foldedAt: number | undefined;

  /** A fold that began at `startedAt` took all that was pending then, or only some of it. */
  folded(startedAt: number, tookAll: boolean): void {
    this.#foldedAt = performance.now();
    if (tookAll) this.#nothingPendingAt = startedAt;
  }

  /** So many were found by a count that began at `startedAt`. */
  counted(pending: number, startedAt: number): void {
    this.pending = pending;
    if (pending === 0) this.#nothingPendingAt = startedAt;
  }

  /** No pending change is older. */
  oldestSeconds(): number {
    return this.pending === 0 ? 0 : secondsSince(this.#nothingPendingAt);
  }

  /** Null before the first fold. */
  secondsSinceFold(): number | null {
    return this.#foldedAt === undefined ? null : secondsSince(this.#foldedAt);
  }
}

function secondsSince(at: number): number {
  return (performance.now() - at) / 1000;
}
