import type { ExecutionResult } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { OperationMetrics } from '../../metrics/operations.ts';
import type { GatewayContext } from '../context.ts';
import { RequestFailure } from '../errors.ts';

/** Counts operations that ran, by their time, and those that were refused, by their code. */
export function useOperationMetrics(metrics: OperationMetrics): Plugin<GatewayContext> {
  return {
    onExecute({ args }) {
      const { operation } = args.contextValue as GatewayContext;
      const startedAt = performance.now();
      return {
        onExecuteDone({ result }) {
          const failed = (result as ExecutionResult).errors !== undefined;
          if (operation !== undefined) metrics.executed(operation.operation.operation, failed, startedAt);
        },
      };
    },
    onExecutionResult({ result }) {
      const { data, errors } = (result ?? {}) as ExecutionResult;
      if (data !== undefined || errors?.[0]?.originalError instanceof RequestFailure) return;
      if (errors !== undefined) metrics.refused(errors[0]?.extensions.code);
    },
  };
}
