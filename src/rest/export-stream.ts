import { queryTimeout, rateLimitExceeded } from '../errors.ts';

export interface ExportLimits {
  /** Exports of an organization under way at once, in one process. */
  readonly atOnceMax: number;
  /** How long a reader may take for a piece, */
  readonly stallTimeoutMs: number;
  /** and for all of them. */
  readonly timeoutMs: number;
}

export const defaultExportLimits: ExportLimits = {
  atOnceMax: 4,
  stallTimeoutMs: 60_000,
  timeoutMs: 60 * 60_000,
};

export interface ExportPlaces {
  /** Takes a place until the function that it gives is called. Throws RATE_LIMIT_EXCEEDED where none is left. */
  take(organizationId: string): () => void;
}

const retryAfterSeconds = 5;

/** Keeps one organization's exports from taking what the requests of others need. */
export function createExportPlaces({ atOnceMax }: ExportLimits): ExportPlaces {
  const taken = new Map<string, number>();
  return {
    take(organizationId) {
      const others = taken.get(organizationId) ?? 0;
      if (others >= atOnceMax) throw rateLimitExceeded(retryAfterSeconds);
      taken.set(organizationId, others + 1);
      let held = true;
      return () => {
        if (!held) return;
        held = false;
        const left = (taken.get(organizationId) ?? 1) - 1;
        if (left === 0) taken.delete(organizationId);
        else taken.set(organizationId, left);
      };
    },
  };
}

interface StreamOptions {
  readonly limits: ExportLimits;
  /** Breaks the connection off, after a failure; null where there is none to know of. */
  readonly reset: (() => void) | null;
  /** Called once, when the stream is over, however it ends. */
  readonly onEnd: () => void;
}

/**
 * A body of the pieces, each made when the reader takes it. A failure after the first byte, or a reader that takes
 * nothing for too long, resets the connection: what came so far must not be taken for whole, by HTTP/1.0 neither,
 * where the end of a body is the end of its connection.
 */
export function toStream(
  pieces: AsyncGenerator<Uint8Array, undefined>,
  { limits, reset, onEnd }: StreamOptions,
): ReadableStream<Uint8Array> {
  let over = false;
  let stall: NodeJS.Timeout | undefined;
  let abort: (error: unknown) => void = () => {};
  const startTimer = (ms: number) => setTimeout(() => abort(queryTimeout()), ms).unref();
  const whole = startTimer(limits.timeoutMs);

  function end(): void {
    over = true;
    clearTimeout(stall);
    clearTimeout(whole);
    onEnd();
  }

  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        abort = (error) => {
          if (over) return;
          end();
          // The server cancels the stream when its connection is closed; an error it would append as a text.
          if (reset === null) controller.error(error);
          else reset();
          void pieces.return(undefined).catch(() => {});
        };
        stall = startTimer(limits.stallTimeoutMs);
      },
      async pull(controller) {
        clearTimeout(stall);
        try {
          const { done, value } = await pieces.next();
          if (over) return;
          if (done) {
            end();
            controller.close();
            return;
          }
          controller.enqueue(value);
          stall = startTimer(limits.stallTimeoutMs);
        } catch (error) {
          abort(error);
        }
      },
      async cancel() {
        end();
        await pieces.return(undefined);
      },
    },
    { highWaterMark: 0 },
  );
}
