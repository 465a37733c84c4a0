import { builder } from '../builder.ts';
import type { Loaders } from '../loaders.ts';

interface PhoneNumberRef {
  readonly id: string;
}

/** A phone number by its id; what else it has is loaded when it is selected. */
export const PhoneNumberNode = builder.objectRef<PhoneNumberRef>('PhoneNumber');

builder.node(PhoneNumberNode, {
  description: 'A phone number of the organization.',
  id: { resolve: (number) => number.id },
  fields: (t) => ({
    uuid: t.field({ type: 'UUID', description: 'Its id in the REST API.', resolve: ({ id }) => id }),
    e164: t.string({
      description: 'The number in E.164, such as +4930123456.',
      resolve: async ({ id }, _args, { loaders }) => (await getPhoneNumber(loaders, id)).e164,
    }),
    country: t.string({
      nullable: true,
      description: 'Its country.',
      resolve: async ({ id }, _args, { loaders }) => (await getPhoneNumber(loaders, id)).country,
    }),
    createdAt: t.field({
      type: 'DateTime',
      description: 'When it was created.',
      resolve: async ({ id }, _args, { loaders }) => (await getPhoneNumber(loaders, id)).createdAt,
    }),
  }),
});

async function getPhoneNumber(loaders: Loaders, id: string) {
  const number = await loaders.phoneNumbers.load(id);
  if (number === null) throw new Error('The phone number of a call is gone.');
  return number;
}
