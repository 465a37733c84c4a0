import { useEffect, useState } from 'preact/hooks';
import { execute, isOfCredential, type RequestError } from './graphql.ts';
import type { Session } from './session.ts';

export interface QueryState<Data> {
  /** The latest answer, also while another is under way; null before the first. */
  readonly data: Data | null;
  readonly error: Error | null;
  readonly isLoading: boolean;
  retry(): void;
}

export interface QueryContext {
  readonly session: Session;
  /** Another number: ask anew. */
  readonly round: number;
  onRefused(error: RequestError): void;
}

interface Answer<Data> {
  /** What it answers. */
  readonly asked: string | null;
  readonly data: Data | null;
  readonly error: Error | null;
}

/** Asks a query, and again whenever it, the session or the round changes; the answer to the latest question counts. */
export function useQuery<Data>(
  { session, round, onRefused }: QueryContext,
  query: string,
  variables: object,
): QueryState<Data> {
  const [answer, setAnswer] = useState<Answer<Data>>({ asked: null, data: null, error: null });
  const [attempt, setAttempt] = useState(0);
  const asked = JSON.stringify([session, query, variables, round, attempt]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is asked is a text of all that the question has.
  useEffect(() => {
    const controller = new AbortController();
    execute<Data>(session, query, variables, controller.signal).then(
      (data) => setAnswer({ asked, data, error: null }),
      (error) => {
        if (controller.signal.aborted) return;
        setAnswer(({ data }) => ({ asked, data, error }));
        if (isOfCredential(error)) onRefused(error);
      },
    );
    return () => controller.abort();
  }, [asked]);
  const isLoading = answer.asked !== asked;
  return {
    data: answer.data,
    error: isLoading ? null : answer.error,
    isLoading,
    retry: () => setAttempt((n) => n + 1),
  };
}
