import { useEffect, useState } from 'preact/hooks';
import { execute, isOfCredential } from './graphql.ts';
import type { RequestError } from './request-error.ts';
import type { Session } from './session.ts';

export interface Question {
  readonly query: string;
  readonly variables: object;
}

export interface QueryState<Data> {
  /** The latest answer, also while another is under way; null before the first, and where the question failed. */
  readonly data: Data | null;
  readonly error: Error | null;
  readonly isLoading: boolean;
  /** Whether the data answers another question than the one that is under way. */
  readonly isStale: boolean;
  retry(): void;
}

export interface QueryContext {
  readonly session: Session;
  /** Another number: ask anew. */
  readonly round: number;
  onRefused(error: RequestError): void;
}

interface Answer<Data> {
  /** What it answers, and in which attempt. */
  readonly asked: string | null;
  /** What the data answers. */
  readonly about: string | null;
  readonly data: Data | null;
  readonly error: Error | null;
}

/**
 * Asks a question, and again whenever it, the session or the round changes; the answer to the latest counts. Null
 * asks nothing.
 */
export function useQuery<Data>(
  { session, round, onRefused }: QueryContext,
  question: Question | null,
): QueryState<Data> {
  const [answer, setAnswer] = useState<Answer<Data>>({ asked: null, about: null, data: null, error: null });
  const [attempt, setAttempt] = useState(0);
  const about = question && JSON.stringify([session, question.query, question.variables]);
  const asked = about && `${round} ${attempt} ${about}`;
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is asked is a text of all that the question has.
  useEffect(() => {
    if (question === null) return;
    const controller = new AbortController();
    execute<Data>(session, question.query, question.variables, controller.signal).then(
      (data) => setAnswer({ asked, about, data, error: null }),
      (error) => {
        if (controller.signal.aborted) return;
        setAnswer((before) => ({ ...before, asked, error }));
        if (isOfCredential(error)) onRefused(error);
      },
    );
    return () => controller.abort();
  }, [asked]);
  const isLoading = asked !== null && answer.asked !== asked;
  const isStale = answer.about !== about;
  return {
    data: isStale && !isLoading ? null : answer.data,
    error: isLoading || asked === null ? null : answer.error,
    isLoading,
    isStale,
    retry: () => setAttempt((n) => n + 1),
  };
}
