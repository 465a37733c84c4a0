import { expect, it } from 'vitest';
import { toCallerId, toCredential } from '../../../src/limits/caller-id.ts';

const idOf = (headers: Record<string, string>) => toCallerId((name) => headers[name]);
const key = 'kros_live_0123';
const organization = '3f2504e0-4f89-41d3-9a0c-0305e82c3301';

it('is one for all spellings of a credential', () => {
  const spellings = [
    { authorization: `Bearer ${key}` },
    { authorization: `bEARER ${key}` },
    { 'x-api-key': key },
    { authorization: `Bearer ${key}`, 'x-api-key': key },
  ];
  expect(new Set(spellings.map(idOf)).size).toBe(1);
});

it('is another one for each organization of a token', () => {
  const authorization = 'Bearer a.b.c';
  const of = (id: string) => idOf({ authorization, 'x-organization-id': id });
  expect(of(organization)).toBe(of(organization.toUpperCase()));
  expect(of(organization)).not.toBe(idOf({ authorization }));
  expect(toCredential(of(organization))).toBe(toCredential(idOf({ authorization })));
});

it('is another one where two credentials are sent, or none', () => {
  const ids = [{}, { authorization: 'Bearer a' }, { authorization: 'Bearer a', 'x-api-key': 'b' }].map(idOf);
  expect(new Set(ids).size).toBe(3);
});

it('names no organization by a credential', () => {
  expect(toCredential(idOf({ authorization: `Bearer ${organization}` }))).not.toBe(organization);
});
