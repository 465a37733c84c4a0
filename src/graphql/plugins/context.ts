import type { Plugin } from 'graphql-yoga';
import type { CallScope } from '../../calls/call.ts';
import { ContentBudget } from '../../calls/content-budget.ts';
import type { Log } from '../../log.ts';
import type { DeletionAttempt, GatewayContext } from '../context.ts';
import { createLoaders } from '../loaders.ts';

/** Gives resolvers the caller's scope, loaders of this request, and the audit log of deletions. */
export function useContext(
  domain: Pick<CallScope, 'db' | 'onManyPending'>,
  log: Log,
): Plugin<GatewayContext> {
  return {
    onContextBuilding({ context, extendContext }) {
      const { caller, requestId, signal } = context;
      const scope = { ...domain, caller, signal, content: new ContentBudget() };
      const noteDeletion = (attempt: DeletionAttempt) => {
        const { organizationId, environment, actor } = caller;
        log.info({ requestId, organizationId, environment, actor, ...attempt }, 'deletion of a call');
      };
      extendContext({ scope, noteDeletion, loaders: createLoaders(scope) });
    },
  };
}
