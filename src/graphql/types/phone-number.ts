import { builder } from '../builder.ts';

interface PhoneNumberRef {
  readonly id: string;
}

/** A phone number by its id; what else it has is loaded when it is selected. */
export const PhoneNumberNode = builder.objectRef<PhoneNumberRef>('PhoneNumber');

builder.node(PhoneNumberNode, {
  description: 'A phone number of the organization. A call keeps the id of a number that is gone since.',
  id: { resolve: (number) => number.id },
  fields: (t) => ({
    uuid: t.field({ type: 'UUID', description: 'Its id in the REST API.', resolve: ({ id }) => id }),
    e164: t.string({
      nullable: true,
      description: 'The number in E.164, such as +4930123456; null where the organization no longer has it.',
      resolve: async ({ id }, _args, { loaders }) => (await loaders.phoneNumbers.load(id))?.e164 ?? null,
    }),
    country: t.string({
      nullable: true,
      description: 'Its country.',
      resolve: async ({ id }, _args, { loaders }) => (await loaders.phoneNumbers.load(id))?.country ?? null,
    }),
    createdAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When the organization got it; null where it no longer has it.',
      resolve: async ({ id }, _args, { loaders }) => (await loaders.phoneNumbers.load(id))?.createdAt ?? null,
    }),
  }),
});
