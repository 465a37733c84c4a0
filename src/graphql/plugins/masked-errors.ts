import type { ExecutionResult } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { type Log, logFailure } from '../../log.ts';
import type { GatewayContext } from '../context.ts';
import { maskError, RequestFailure, withRequestId } from '../errors.ts';

interface Masking {
  readonly log: Log;
  /** Whether errors may suggest names of the schema. */
  readonly introspection: boolean;
  /** Gets each error that the log has. */
  readonly onLogged: (error: Error) => void;
}

/** Shows callers only what they may see of an error, with the request id, and logs what is not their doing. */
export function useMaskedErrors({ log, introspection, onLogged }: Masking): Plugin<GatewayContext> {
  return {
    onExecutionResult({ result, setResult, context }) {
      const { errors, ...rest } = (result ?? {}) as ExecutionResult;
      if (errors === undefined || errors[0]?.originalError instanceof RequestFailure) return;
      const { requestId } = context as unknown as GatewayContext;
      const masked = errors.map((error) =>
        maskError(error, (failure) => logFailure(log, requestId, failure), introspection),
      );
      for (const { originalError } of masked) if (originalError != null) onLogged(originalError);
      setResult(withRequestId({ ...rest, errors: masked }, requestId));
    },
  };
}
