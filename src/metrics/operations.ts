import { answerBounds, Durations, type LabelledDurations } from './durations.ts';

type OperationType = 'query' | 'mutation' | 'subscription';

/** GraphQL operations by type, never by the name that a client gives: those of REST routes too, which run as such. */
export class OperationMetrics {
  readonly labelNames = ['type', 'outcome'];
  readonly series: readonly LabelledDurations[];
  /** Operations that were refused before they ran, by the code of their first error. */
  readonly refusals = new Map<string, number>();
  readonly #ok: Readonly<Record<OperationType, Durations>>;
  readonly #failed: Readonly<Record<OperationType, Durations>>;

  constructor() {
    this.#ok = createByType();
    this.#failed = createByType();
    const list = (outcome: string, byType: Readonly<Record<string, Durations>>) =>
      Object.entries(byType).map(([type, durations]) => ({ labels: [type, outcome], durations }));
    this.series = [...list('ok', this.#ok), ...list('errors', this.#failed)];
  }

  executed(type: OperationType, failed: boolean, startedAt: number): void {
    (failed ? this.#failed : this.#ok)[type].record(performance.now() - startedAt);
  }

  refused(code: unknown): void {
    const known = typeof code === 'string' ? code : 'UNKNOWN';
    this.refusals.set(known, (this.refusals.get(known) ?? 0) + 1);
  }
}

function createByType(): Record<OperationType, Durations> {
  const [query, mutation, subscription] = [1, 2, 3].map(() => new Durations(answerBounds));
  return { query, mutation, subscription } as Record<OperationType, Durations>;
}
