import { builder } from '../builder.ts';
import type { Loaders } from '../loaders.ts';
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
      resolve: async ({ id }, _args, { loaders }) => (await getOrganization(loaders, id)).name,
    }),
    createdAt: t.field({
      type: 'DateTime',
      description: 'When it was created.',
      resolve: async ({ id }, _args, { loaders }) => (await getOrganization(loaders, id)).createdAt,
    }),
  }),
});

async function getOrganization(loaders: Loaders, id: string) {
  const organization = await loaders.organizations.load(id);
  if (organization === null) throw new Error('A caller’s organization is gone.');
  return organization;
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
      resolve: (_viewer, _args, { scope }) => scope.caller.organizationIds.map((id) => ({ id })),
    }),
  }),
});

builder.queryField('viewer', (t) =>
  t.field({ type: Viewer, description: 'Who asks, and what the credential allows.', resolve: () => ({}) }),
);
