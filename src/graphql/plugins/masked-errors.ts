import type { ExecutionResult } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { type Log, logFailure } from '../../log.ts';
import type { GatewayContext } from '../context.ts';
import { maskError, RequestFailure, withRequestId } from '../errors.ts';

export interface Masking {
  readonly log: Log;
  /** Whether errors may suggest names of the schema. */
  readonly introspection: boolean;
  /** Gets each error that the log has. */
  readonly onLogged: (error: Error) => void;
}

/** Shows callers only what they may see of an error, with the request id, and logs what is not their doing. */
export function useMaskedErrors(masking: Masking): Plugin<GatewayContext> {
  return {
    onExecutionResult({ result, setResult, context }) {
      const { errors, ...rest } = (result ?? {}) as ExecutionResult;
      if (errors === undefined || errors[0]?.originalError instanceof RequestFailure) return;
      const { requestId } = context as unknown as GatewayContext;
      // Yoga makes an empty list of what an aborted signal throws.
      const isEmpty = errors.length === 0 && rest.data === undefined;
      const listed = isEmpty ? [new DOMException('A plugin was aborted.', 'AbortError')] : errors;
      setResult({ ...rest, ...maskErrors(listed, requestId, masking) });
    },
  };
}

/** The errors as an answer has them. */
export function maskErrors(
  errors: readonly unknown[],
  requestId: string,
  { log, introspection, onLogged }: Masking,
): ExecutionResult {
  const masked = errors.map((error) =>
    maskError(error, (failure) => logFailure(log, requestId, failure), introspection),
  );
  for (const { originalError } of masked) if (originalError != null) onLogged(originalError);
  return withRequestId({ errors: masked }, requestId);
}
