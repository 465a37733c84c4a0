/** How far the sums of calls are behind the calls, and whether they are right, as the folding of this process sees it. */
export class RollupLag {
  /** Changes that were pending when they were last counted; the count ends at its bound. */
  pending = 0;
  /** Of the quarters of an hour that were last compared with their calls, how many have other sums. */
  differingQuarters = 0;
  /** Triggers of calls that are missing or disabled, and tables that inherit from calls. */
  triggerGaps = 0;
  #snapshot: { readonly transactionId: string; readonly since: number } | undefined;
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

  /** The oldest snapshot of the database goes back to this transaction; null for no snapshot. */
  snapshotSeen(transactionId: string | null): void {
    if (transactionId === null) this.#snapshot = undefined;
    else if (transactionId !== this.#snapshot?.transactionId)
      this.#snapshot = { transactionId, since: performance.now() };
  }

  /** How long the oldest snapshot of the database has been seen. */
  oldestSnapshotSeconds(): number {
    return this.#snapshot === undefined ? 0 : secondsSince(this.#snapshot.since);
  }

  /** What makes answers wrong although they can be given. */
  warnings(): string[] {
    return [
      ...(this.differingQuarters > 0 ? ['sums differ from the calls'] : []),
      ...(this.triggerGaps > 0 ? ['writes to calls can miss the sums'] : []),
    ];
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
