/** How much of transcripts, metadata and the data of events one answer may hold. */
export const contentBytesMax = 32 * 1024 * 1024;
/** And one that holds a single call or event, which cannot be asked for in smaller parts. */
const singleBytesMax = 4 * contentBytesMax;

/** What a reader of contents read, and how to count it. */
interface ReadContent<Value> {
  readonly value: Value;
  countBytes(): number;
}

/**
 * How much of transcripts, metadata and the data of events one request may read. Its readers go one after another, so
 * that together they read no more than the limit.
 */
export class ContentBudget {
  #left = contentBytesMax;
  #isUntouched = true;
  #last: Promise<unknown> = Promise.resolve();
  // Most requests have one reader, and nothing of it is counted.
  #countLast = () => 0;

  async read<Value>(
    isSingle: boolean,
    run: (bytesMax: number) => Promise<ReadContent<Value>>,
  ): Promise<Value> {
    const reading = this.#last.then(() => this.#readNext(isSingle, run));
    this.#last = reading.catch(() => {});
    return await reading;
  }

  async #readNext<Value>(
    isSingle: boolean,
    run: (bytesMax: number) => Promise<ReadContent<Value>>,
  ): Promise<Value> {
    this.#left -= this.#countLast();
    this.#countLast = () => 0;
    const bytesMax = isSingle && this.#isUntouched ? singleBytesMax : Math.max(this.#left, 0);
    const { value, countBytes } = await run(bytesMax);
    this.#isUntouched = false;
    this.#countLast = countBytes;
    return value;
  }
}

/** About how long values are as JSON. */
export function countBytes(values: readonly unknown[]): number {
  let bytes = 0;
  for (const value of values) {
    if (typeof value === 'string') bytes += value.length;
    else if (typeof value === 'object' && value !== null) bytes += countObjectBytes(value);
    else bytes += 4;
  }
  return bytes;
}

function countObjectBytes(value: object): number {
  try {
    return JSON.stringify(value).length;
  } catch {
    // Nested too deeply to be written; its field fails.
    return 0;
  }
}
