import { isInputObjectType } from 'graphql';
import { expect, it } from 'vitest';
import { schema } from '../../../src/graphql/schema.ts';
import { exportParams, listParams } from '../../../src/rest/params.ts';

it('REST takes every member of the schema’s CallFilter, in snake_case, for lists and for exports', () => {
  const filter = schema.getType('CallFilter');
  if (!isInputObjectType(filter)) throw new Error('There is no input type CallFilter.');
  const names = Object.keys(filter.getFields()).map((name) =>
    name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
  );
  expect(names).toContain('phone_number_id');
  expect(Object.keys(listParams.shape)).toEqual(expect.arrayContaining(names));
  expect(Object.keys(exportParams.shape)).toEqual(expect.arrayContaining(names));
});
