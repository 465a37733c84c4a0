import cluster, { type Worker } from 'node:cluster';
import type { Log } from '../log.ts';
import { type CollectedMetrics, keepCounts } from '../metrics/registry.ts';

/** What a worker has to know of the primary's work. */
export interface PrimaryState {
  readonly isUpToDate: boolean;
  readonly warnings: readonly string[];
}

export type ToWorker =
  | { readonly type: 'state'; readonly state: PrimaryState }
  | { readonly type: 'collect' }
  | { readonly type: 'metrics'; readonly text: string }
  /** Accept no more connections, say so, and tell clients when the answer is `drain`. */
  | { readonly type: 'stop' }
  | { readonly type: 'drain' };

export type ToPrimary =
  | { readonly type: 'serving'; readonly url: string }
  | { readonly type: 'collected'; readonly metrics: CollectedMetrics }
  | { readonly type: 'printMetrics' }
  | { readonly type: 'foldSoon' }
  | { readonly type: 'acceptsNoMore' };

export interface WorkersOptions {
  readonly count: number;
  readonly log: Log;
  readonly findState: () => PrimaryState;
  readonly printMetrics: () => Promise<string>;
  readonly foldSoon: () => void;
}

interface Member {
  readonly worker: Worker;
  readonly startedAt: number;
  url?: string;
  metrics: CollectedMetrics;
  collected: () => void;
  accepts: boolean;
}

const collectTimeoutMs = 1_000;
/** One that ran for so long did not fail because of how it was started. */
const steadyMs = 10_000;
const pauseMinMs = 100;
const pauseMaxMs = 10_000;

/** The processes that answer requests; one that ends is replaced, the later the sooner it ended. */
export class Workers {
  readonly #options: WorkersOptions;
  readonly #members = new Map<number, Member>();
  #pauseMs = pauseMinMs;
  /** What ended workers had counted when they were last asked. */
  #kept: CollectedMetrics = [];
  #isStarted = false;
  #isStopping = false;

  constructor(options: WorkersOptions) {
    this.#options = options;
  }

  /** Resolves with the address when all serve. Rejects when one ends before: it has said why. */
  async start(): Promise<string> {
    // However this process ends, nothing is left of it.
    process.once('exit', () => {
      for (const { worker } of this.#members.values()) worker.process.kill('SIGKILL');
    });
    cluster.on('message', (worker, message: ToPrimary) => this.#receive(worker, message));
    cluster.on('exit', (worker, code, signal) => this.#ended(worker, { code, signal }));
    // The first finds out whether the port can be listened on; the others share it.
    const url = await this.#fork();
    await Promise.all(Array.from({ length: this.#options.count - 1 }, () => this.#fork()));
    this.#isStarted = true;
    return url;
  }

  /** Tells all of them what has changed. */
  tellState(): void {
    this.#tellAll({ type: 'state', state: this.#options.findState() });
  }

  /** The metrics of all, ended ones included; of one that does not answer within a second those that it gave before. */
  async collectMetrics(): Promise<CollectedMetrics[]> {
    const members = [...this.#members.values()].filter(({ url }) => url !== undefined);
    await Promise.all(
      members.map(async (member) => {
        const answered = new Promise<void>((resolve) => {
          member.collected = resolve;
          setTimeout(resolve, collectTimeoutMs).unref();
        });
        tell(member.worker, { type: 'collect' });
        await answered;
      }),
    );
    return [this.#kept, ...[...this.#members.values()].map(({ metrics }) => metrics)];
  }

  /** Resolves when all have drained and ended. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    const ended = [...this.#members.values()].map(
      ({ worker }) => new Promise((resolve) => worker.once('exit', resolve)),
    );
    this.#tellAll({ type: 'stop' });
    await Promise.all(ended);
  }

  #fork(): Promise<string> {
    const worker = cluster.fork();
    const startedAt = performance.now();
    this.#members.set(worker.id, { worker, startedAt, metrics: [], collected() {}, accepts: true });
    // A message to one that has just ended.
    worker.on('error', (err) => this.#options.log.debug({ err }, 'a worker cannot be told'));
    tell(worker, { type: 'state', state: this.#options.findState() });
    return new Promise((resolve, reject) => {
      worker.once('serving', resolve);
      worker.once('exit', () => reject(new Error('A worker ended before it served.')));
    });
  }

  #receive(worker: Worker, message: ToPrimary): void {
    const member = this.#members.get(worker.id);
    if (member === undefined) return;
    switch (message.type) {
      case 'serving':
        member.url = message.url;
        worker.emit('serving', message.url);
        break;
      case 'collected':
        member.metrics = message.metrics;
        member.collected();
        break;
      case 'printMetrics':
        void this.#options.printMetrics().then((text) => tell(worker, { type: 'metrics', text }));
        break;
      case 'foldSoon':
        this.#options.foldSoon();
        break;
      case 'acceptsNoMore':
        member.accepts = false;
        this.#drain(worker);
        break;
    }
  }

  /** When all stop, a client that is told to connect anew must not come to one that is about to close its port. */
  #drain(worker: Worker): void {
    if (!this.#isStopping) tell(worker, { type: 'drain' });
    else if ([...this.#members.values()].every(({ accepts }) => !accepts)) this.#tellAll({ type: 'drain' });
  }

  #ended(worker: Worker, how: { readonly code: number; readonly signal: string }): void {
    const member = this.#members.get(worker.id);
    this.#members.delete(worker.id);
    if (member === undefined) return;
    this.#kept = keepCounts(this.#kept, member.metrics);
    member.collected();
    if (this.#isStopping) this.#drain(worker);
    if (this.#isStopping || !this.#isStarted) return;
    this.#options.log.error({ ...how, pid: worker.process.pid }, 'a worker ended; another takes its place');
    const ranMs = performance.now() - member.startedAt;
    this.#pauseMs = ranMs > steadyMs ? pauseMinMs : Math.min(this.#pauseMs * 2, pauseMaxMs);
    setTimeout(() => this.#isStopping || this.#fork().catch(() => {}), this.#pauseMs);
  }

  #tellAll(message: ToWorker): void {
    for (const { worker } of this.#members.values()) tell(worker, message);
  }
}

function tell(worker: Worker, message: ToWorker): void {
  if (worker.isConnected()) worker.send(message);
}
