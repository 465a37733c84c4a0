/** A histogram of durations: recording one costs a few additions and makes no garbage. */
export class Durations {
  /** Upper bounds in seconds, ascending. */
  readonly bounds: readonly number[];
  /** How many fell into each bucket; the last is of those above every bound. */
  readonly counts: Float64Array;
  sumSeconds = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
  }

  record(ms: number): void {
    const seconds = ms / 1000;
    const { bounds } = this;
    let i = 0;
    while (i < bounds.length && seconds > (bounds[i] as number)) i += 1;
    this.counts[i] = (this.counts[i] as number) + 1;
    this.sumSeconds += seconds;
  }

  get count(): number {
    return this.counts.reduce((sum, n) => sum + n, 0);
  }
}

/** Of an answer: from what a cache gives to what runs into the deadlines. */
export const answerBounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** Of a statement: an index look-up takes a tenth of a millisecond. */
export const statementBounds = [
  0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 2.5, 5,
];

export interface LabelledDurations {
  /** The values of the labels, in the order of their names. */
  readonly labels: readonly string[];
  readonly durations: Durations;
}
