import { describe, expect, it } from 'vitest';
import { makeOpenApiDocument } from '../../../src/rest/openapi/document.ts';
import { findOpenApiChanges } from '../../support/contract/openapi-changes.ts';

// biome-ignore lint/suspicious/noExplicitAny: documents, which the tests bend.
type Json = any;

const document = () => structuredClone(makeOpenApiDocument('3.1')) as Json;
const list = (of: Json) => of.paths['/calls'].get;
const parameter = (of: Json, name: string) => list(of).parameters.find((each: Json) => each.name === name);

/** What is found when the document is bent. */
function findAfter(bend: (head: Json) => void): string[] {
  const head = document();
  bend(head);
  return findOpenApiChanges(document(), head);
}

describe('a change of the REST document', () => {
  it.each<[string, (head: Json) => void, string]>([
    ['takes away a path', (d) => delete d.paths['/calls/{id}'], 'GET /calls/{id}: is gone'],
    ['takes away a method', (d) => delete d.paths['/calls/{id}'].delete, 'DELETE /calls/{id}: is gone'],
    ['takes away a base address', (d) => d.servers.pop(), 'server /: is gone'],
    [
      'takes away a way to authenticate',
      (d) => delete d.components.securitySchemes.apiKey,
      'security scheme apiKey: is gone',
    ],
    ['takes away a parameter', (d) => list(d).parameters.shift(), 'GET /calls query page: is gone'],
    [
      'demands a parameter',
      (d) => {
        parameter(d, 'status').required = true;
      },
      'GET /calls query status: is required',
    ],
    [
      'takes fewer values',
      (d) => parameter(d, 'status').schema.items.enum.pop(),
      'GET /calls query status[]: does not take canceled any more',
    ],
    [
      'takes less',
      (d) => {
        parameter(d, 'limit').schema.maximum = 50;
      },
      'GET /calls query limit: takes 50 at most',
    ],
    [
      'means something else by nothing',
      (d) => {
        parameter(d, 'limit').schema.default = 10;
      },
      'GET /calls query limit: has the default 10',
    ],
    ['renames an operation', (d) => Object.assign(list(d), { operationId: 'x' }), 'GET /calls: is called x'],
    ['takes away a status', (d) => delete list(d).responses[200], 'GET /calls 200: is gone'],
    [
      'takes away a header',
      (d) => delete list(d).responses[200].headers.link,
      'GET /calls 200 header link: is gone',
    ],
    [
      'takes away a media type',
      (d) => delete list(d).responses[200].content['text/csv'],
      'GET /calls 200 text/csv: is gone',
    ],
    [
      'takes away a member',
      (d) => delete d.components.schemas.CallList.properties.total,
      'GET /calls 200 application/json(1).total: is gone',
    ],
    [
      'makes a member optional',
      (d) => d.components.schemas.Call.required.shift(),
      'GET /calls 200 application/json(1).data[].id: may be absent',
    ],
    [
      'makes a member null',
      (d) => {
        d.components.schemas.Call.properties.status.type = ['string', 'null'];
      },
      'GET /calls 200 application/json(1).data[].status: may be null',
    ],
    [
      'changes the type of a member',
      (d) => {
        d.components.schemas.Call.properties.from_number.type = 'integer';
      },
      'GET /calls 200 application/json(1).data[].from_number: may be integer',
    ],
  ])('breaks clients when it %s', (_, bend, change) => {
    expect(findAfter(bend)).toContain(change);
  });

  it.each<[string, (head: Json) => void]>([
    ['nothing', () => {}],
    ['an operation', (d) => Object.assign(d.paths, { '/numbers': { get: { responses: {} } } })],
    ['a parameter', (d) => list(d).parameters.push({ name: 'x', in: 'query', schema: { type: 'string' } })],
    ['values that it takes', (d) => parameter(d, 'direction').schema.enum.push('internal')],
    [
      'what it takes',
      (d) => {
        parameter(d, 'limit').schema.maximum = 1_000;
      },
    ],
    ['a member', (d) => Object.assign(d.components.schemas.Call.properties, { x: { type: 'string' } })],
    ['a value of a member', (d) => d.components.schemas.Call.properties.status.enum.push('parked')],
    ['a code', (d) => d.components.schemas.Error.properties.code.enum.push('TEAPOT')],
    ['a header', (d) => Object.assign(list(d).responses[200].headers, { x: {} })],
    [
      'words',
      (d) => {
        list(d).description = 'Calls.';
      },
    ],
  ])('breaks nobody when it adds %s', (_, bend) => {
    expect(findAfter(bend)).toEqual([]);
  });
});
