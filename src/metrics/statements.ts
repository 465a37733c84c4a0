import type { AppError } from '../errors.ts';
import { Durations, statementBounds } from './durations.ts';

/** Runs one statement inside a span of the operation that needs it. */
export type TraceStatement = <Value>(text: string, send: () => Promise<Value>) => Promise<Value>;

/** What a database is asked, and how that goes. */
export class StatementMetrics {
  /** Of each statement that a connection ran, from its sending to its answer. */
  readonly answers = new Durations(statementBounds);
  /** Of each wait for a connection, where none was free. */
  readonly waits = new Durations(statementBounds);
  /** Statements that failed, by the code that callers get. */
  readonly failures = new Map<string, number>();
  connected = 0;
  notConnected = 0;
  /** Set where traces are recorded. */
  trace: TraceStatement | null = null;

  failed(code: string): void {
    this.failures.set(code, (this.failures.get(code) ?? 0) + 1);
  }

  /** A statement that gets no connection failed. */
  async waiting<Value>(wait: () => Promise<Value>): Promise<Value> {
    const startedAt = performance.now();
    try {
      return await wait();
    } catch (error) {
      this.failed((error as AppError).code);
      throw error;
    } finally {
      this.waits.record(performance.now() - startedAt);
    }
  }
}

/** The connections of a database. */
export interface PoolState {
  readonly size: number;
  readonly inUse: number;
  readonly idle: number;
  readonly connecting: number;
  readonly waiting: number;
  /** Whether the last attempt to connect failed: the next ones are made at intervals. */
  readonly failing: boolean;
}
