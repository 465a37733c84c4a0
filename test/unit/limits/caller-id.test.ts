import { expect, it } from 'vitest';
import { hashApiKey } from '../../../src/auth/api-key.ts';
import { digestCredential, parseCredential } from '../../../src/auth/credential.ts';
import { toCallerId, toCredential } from '../../../src/limits/caller-id.ts';

const idOf = (headers: Record<string, string>) => toCallerId((name) => headers[name], digestCredential);
const digestOf = (headers: Record<string, string>) => digestCredential((name) => headers[name]);
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

it('holds nothing that was sent, of whatever length', () => {
  const sent = [
    { authorization: `Bearer ${key}` },
    { authorization: key },
    { authorization: `Basic ${key}`, 'x-api-key': 'secret' },
    { 'x-api-key': key, 'x-organization-id': key },
    { authorization: `Bearer ${'secret.'.repeat(2_000)}`, 'x-organization-id': 'secret'.repeat(2_000) },
  ];
  for (const headers of sent) {
    expect(idOf(headers)).not.toMatch(/kros|secret/);
    expect(idOf(headers).length).toBeLessThanOrEqual(129);
  }
});

it('has the digest of the credential that is parsed', () => {
  for (const headers of [
    { authorization: `Bearer ${key}` },
    { 'x-api-key': key },
    { authorization: `BEARER ${key}`, 'x-api-key': key },
    { authorization: 'Bearer a.b.c', 'x-organization-id': organization },
  ]) {
    const { text } = parseCredential(new Headers(headers as Record<string, string>));
    expect(digestOf(headers as Record<string, string>)).toBe(hashApiKey(text));
  }
  expect(digestOf({ 'x-organization-id': organization })).toBe('');
});
