import type { ExecutionResult } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { Tracing } from '../../tracing/tracing.ts';
import type { GatewayContext } from '../context.ts';

/** Makes a span of each operation that runs. */
export function useOperationTracing(tracing: Tracing): Plugin<GatewayContext> {
  return {
    onExecute({ args, executeFn, setExecuteFn }) {
      const { operation } = args.contextValue as GatewayContext;
      if (operation === undefined) return;
      setExecuteFn((given) =>
        tracing.traceOperation(operation.operation, async () => (await executeFn(given)) as ExecutionResult),
      );
    },
  };
}
