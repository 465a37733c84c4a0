import { readFileSync } from 'node:fs';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import spectralCore, { type RulesetDefinition } from '@stoplight/spectral-core';
import spectralRulesets from '@stoplight/spectral-rulesets';
import { describe, expect, it } from 'vitest';
import { statusByCode } from '../../../src/errors.ts';
import { makeOpenApiDocument } from '../../../src/rest/openapi/document.ts';
import { printOpenApiDocument } from '../../../src/rest/openapi/print.ts';
import { createValidator, listOperations } from '../../support/openapi.ts';

const { Spectral } = spectralCore;
const { oas } = spectralRulesets;

// biome-ignore lint/suspicious/noExplicitAny: a document, whose shape is what is tested.
type Json = any;

const document: Json = makeOpenApiDocument('3.1');

describe.each(['3.1', '3.0'] as const)('the OpenAPI document %s', (version) => {
  it('has nothing that a linter complains of, by its strictest rules', async () => {
    const source = JSON.stringify(makeOpenApiDocument(version));
    const config = await createConfig({ extends: ['recommended-strict'] });
    const problems = await lintFromString({ source, absoluteRef: 'openapi.json', config });
    const found = problems.map(({ ruleId, location }) => `${ruleId} ${location[0]?.pointer}`);
    // Health refuses nobody.
    expect(found).toEqual(
      ['healthz', 'readyz'].flatMap((path) =>
        ['get', 'head'].map((method) => `operation-4xx-response #/paths/~1${path}/${method}/responses`),
      ),
    );
  });

  it('has no error and no warning by Spectral’s rules for OpenAPI', async () => {
    const spectral = new Spectral();
    spectral.setRuleset(oas as unknown as RulesetDefinition);
    const found = await spectral.run(makeOpenApiDocument(version));
    expect(found.map(({ code, path, message }) => `${code} ${path.join('.')}: ${message}`)).toEqual([]);
  }, 60_000);
});

describe('the OpenAPI document', () => {
  it('is the one that is committed', () => {
    const committed = readFileSync(
      new URL('../../../src/rest/openapi/openapi.json', import.meta.url),
      'utf8',
    );
    expect(committed === printOpenApiDocument(), "stale: run 'npm run schema'").toBe(true);
  });

  it('names every error code with its status', () => {
    for (const [code, status] of Object.entries(statusByCode)) {
      expect(document.info.description).toContain(`| ${status} | \`${code}\` |`);
    }
  });

  it('has examples that are as their schemas say', () => {
    const validate = createValidator();
    let count = 0;
    for (const { name, responses } of listOperations(document)) {
      for (const [status, response] of Object.entries<Json>(responses)) {
        for (const [type, media] of Object.entries<Json>(response.content ?? {})) {
          const values = Object.values<Json>(media.examples ?? {}).map(({ value }) => value);
          for (const value of media.example === undefined ? values : [media.example]) {
            expect([name, status, type, ...validate(media.schema, value)]).toEqual([name, status, type]);
            count++;
          }
        }
      }
    }
    expect(count).toBeGreaterThan(50);
  });

  it('describes every parameter, header and member', () => {
    const blank: string[] = [];
    const visit = (at: string, value: Json) => {
      if (value === null || typeof value !== 'object') return;
      for (const [name, member] of Object.entries<Json>(value.properties ?? {})) {
        const inherited =
          member.$ref !== undefined || member.anyOf !== undefined || /by_status|by_dir|code$/.test(at);
        if (member.description === undefined && !inherited) blank.push(`${at}.${name}`);
      }
      for (const [key, member] of Object.entries(value)) visit(`${at}/${key}`, member);
    };
    visit('', document.components.schemas);
    for (const group of ['parameters', 'headers', 'securitySchemes']) {
      for (const [name, member] of Object.entries<Json>(document.components[group])) {
        if (member.description === undefined) blank.push(name);
      }
    }
    for (const { name, operation } of listOperations(document)) {
      for (const each of operation.parameters ?? []) {
        if (each.$ref === undefined && each.description === undefined) blank.push(`${name} ${each.name}`);
      }
    }
    expect(blank).toEqual([]);
  });
});
