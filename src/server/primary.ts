import type { CollectedMetrics } from '../metrics/registry.ts';
import type { PrimaryState, ToPrimary, ToWorker } from './workers.ts';

export interface PrimaryOptions {
  readonly onStop: () => void;
  readonly collectMetrics: () => Promise<CollectedMetrics>;
}

const answerTimeoutMs = 2_000;

/** The primary as a worker sees it. Where that ends, node:cluster ends the worker. */
export class Primary {
  readonly #options: PrimaryOptions;
  #state: PrimaryState = { isUpToDate: false, warnings: [] };
  #onMetrics: (text: string) => void = () => {};
  #metrics: Promise<string> | undefined;
  #onDrain = () => {};

  constructor(options: PrimaryOptions) {
    this.#options = options;
    process.on('message', (message: ToWorker) => this.#receive(message));
  }

  readonly isUpToDate = (): boolean => this.#state.isUpToDate;
  readonly findWarnings = (): readonly string[] => this.#state.warnings;
  readonly foldSoon = (): void => this.tell({ type: 'foldSoon' });

  /** The metrics of all processes; those who ask meanwhile get the same. */
  readonly printMetrics = (): Promise<string> => {
    this.#metrics ??= new Promise<string>((resolve, reject) => {
      const late = setTimeout(() => reject(new Error('The primary gave no metrics.')), answerTimeoutMs);
      this.#onMetrics = (text) => {
        clearTimeout(late);
        resolve(text);
      };
      this.tell({ type: 'printMetrics' });
    }).finally(() => {
      this.#metrics = undefined;
    });
    return this.#metrics;
  };

  /** Says that this worker accepts no more connections; resolves when its clients may be told to connect anew. */
  readonly untilDrain = async (): Promise<void> => {
    await new Promise<void>((resolve) => {
      this.#onDrain = resolve;
      setTimeout(resolve, answerTimeoutMs).unref();
      this.tell({ type: 'acceptsNoMore' });
    });
  };

  tell(message: ToPrimary): void {
    process.send?.(message);
  }

  #receive(message: ToWorker): void {
    switch (message.type) {
      case 'state':
        this.#state = message.state;
        break;
      case 'collect':
        void this.#options.collectMetrics().then((metrics) => this.tell({ type: 'collected', metrics }));
        break;
      case 'metrics':
        this.#onMetrics(message.text);
        break;
      case 'stop':
        this.#options.onStop();
        break;
      case 'drain':
        this.#onDrain();
        break;
    }
  }
}
