import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { buildSchema, findBreakingChanges } from 'graphql';
import { describe, expect, it } from 'vitest';
import { printGatewaySchema } from '../../../src/graphql/print.ts';
import { makeOpenApiDocument } from '../../../src/rest/openapi/document.ts';
import { findBase, readFileAt } from '../../support/contract/base.ts';
import { findOpenApiChanges } from '../../support/contract/openapi-changes.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const declaredPath = 'test/contract/declared.json';

interface Declared {
  readonly change: string;
  readonly reason: string;
}

const declared = JSON.parse(readFileSync(`${root}${declaredPath}`, 'utf8')) as Declared[];
const undeclared = (changes: readonly string[]) =>
  changes.filter((change) => !declared.some((each) => each.change === change));

const base = findBase(root);
const title =
  'commit' in base ? `since ${base.commit.slice(0, 10)}` : `(nothing to compare with: ${base.missing})`;

describe.skipIf('missing' in base)(`the contract ${title}`, () => {
  const readBefore = (path: string) => ('commit' in base ? readFileAt(root, base.commit, path) : null);

  it(`breaks no GraphQL client, but as ${declaredPath} declares`, ({ skip }) => {
    const before = readBefore('schema.graphql');
    if (before === null) return skip('there was no schema yet');
    const changes = findBreakingChanges(buildSchema(before), buildSchema(printGatewaySchema()));
    expect(undeclared(changes.map(({ description }) => `GraphQL: ${description}`))).toEqual([]);
  });

  it(`breaks no REST client, but as ${declaredPath} declares`, ({ skip }) => {
    const before = readBefore('src/rest/openapi/openapi.json');
    if (before === null) return skip('there was no document yet');
    const changes = findOpenApiChanges(JSON.parse(before), makeOpenApiDocument('3.1'));
    expect(undeclared(changes.map((change) => `REST: ${change}`))).toEqual([]);
  });
});

it.each(declared)('$change has a reason', ({ reason }) => {
  expect(reason.length).toBeGreaterThan(10);
});
