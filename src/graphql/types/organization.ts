import { invalidApiKey, organizationForbidden } from '../../errors.ts';
import { builder } from '../builder.ts';
import type { GatewayContext } from '../context.ts';
import { EnvironmentEnum, ScopeEnum } from './enums.ts';

interface OrganizationRef {
  readonly id: string;
}

/** An organization by its id; what else it has is loaded when it is selected. */
export const OrganizationNode = builder.objectRef<OrganizationRef>('Organization');

builder.node(OrganizationNode, {
  description: 'An organization: the tenant that calls belong to.',
  id: { resolve: (organization) => organization.id },
  fields: (t) => ({
    uuid: t.field({ type: 'UUID', description: 'Its id in the REST API.', resolve: ({ id }) => id }),
    name: t.string({
      description: 'Its name.',
      resolve: async ({ id }, _args, context) => (await getOrganization(context, id)).name,
    }),
    createdAt: t.field({
      type: 'DateTime',
      description: 'When it was created.',
      resolve: async ({ id }, _args, context) => (await getOrganization(context, id)).createdAt,
    }),
  }),
});

/** Throws what the caller's credential gets as soon as nobody remembers it: it went with its organization. */
async function getOrganization({ loaders, scope }: GatewayContext, id: string) {
  const organization = await loaders.organizations.load(id);
  if (organization !== null) return organization;
  throw scope.caller.actor.startsWith('key:') ? invalidApiKey() : organizationForbidden();
}

const Viewer = builder.objectRef<object>('Viewer').implement({
  description: 'Who asks, and what the credential allows.',
  fields: (t) => ({
    organization: t.field({
      type: OrganizationNode,
      description: 'The organization that this request reads.',
      resolve: (_viewer, _args, { scope }) => ({ id: scope.caller.organizationId }),
    }),
    environment: t.field({
      type: EnvironmentEnum,
      description: 'The environment that this request reads.',
      resolve: (_viewer, _args, { scope }) => scope.caller.environment,
    }),
    scopes: t.field({
      type: [ScopeEnum],
      description: 'What the credential allows.',
      resolve: (_viewer, _args, { scope }) => [...scope.caller.scopes],
    }),
    organizations: t.field({
      type: [OrganizationNode],
      description: 'The organizations that `x-organization-id` may choose.',
      resolve: async (_viewer, _args, { loaders, scope }) => {
        const { organizationIds } = scope.caller;
        const found = await Promise.all(organizationIds.map((id) => loaders.organizations.load(id)));
        return found.filter((organization) => organization !== null);
      },
    }),
  }),
});

builder.queryField('viewer', (t) =>
  t.field({ type: Viewer, description: 'Who asks, and what the credential allows.', resolve: () => ({}) }),
);
