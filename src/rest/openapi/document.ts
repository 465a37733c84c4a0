import { statusByCode } from '../../errors.ts';
import { type Deprecation, deprecations as known } from '../deprecations.ts';
import { errorCatalogue } from './error-catalogue.ts';
import { toComponentResponses } from './errors.ts';
import { toComponentHeaders } from './headers.ts';
import type { JsonObject } from './json-object.ts';
import { toPaths } from './operations.ts';
import { toComponentParameters } from './parameters.ts';
import { type OpenApiVersion, toComponentSchemas } from './schema-json.ts';

/** The OpenAPI document of the REST API, made of the schemas that parse its parameters and describe its answers. */
export function makeOpenApiDocument(
  version: OpenApiVersion,
  deprecations: readonly Deprecation[] = known,
): JsonObject {
  return {
    openapi: version === '3.1' ? '3.1.1' : '3.0.4',
    info: {
      title: 'Calls gateway',
      version: '1.0.0',
      description: describeApi(),
      contact: { name: 'The operator of this gateway' },
      license: version === '3.1' ? { name: 'MIT', identifier: 'MIT' } : mitByAddress,
    },
    servers: [
      { url: '/v1', description: 'For clients whose base URL ends in /v1.' },
      { url: '/', description: 'The same routes.' },
    ],
    security: [{ bearer: [] }, { apiKey: [] }],
    tags: [
      { name: 'Calls', description: 'Calls of the caller’s organization: lists, sums, details, deletion.' },
      { name: 'Health', description: 'For those who operate the gateway.' },
    ],
    paths: toPaths({ version, deprecations }),
    components: {
      schemas: toComponentSchemas(version),
      parameters: toComponentParameters(),
      responses: toComponentResponses(),
      headers: toComponentHeaders(deprecations.length > 0),
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description: 'An API key (`kros_live_…`, `kros_test_…`) or a session token of Supabase Auth.',
        },
        apiKey: { type: 'apiKey', in: 'header', name: 'x-api-key', description: 'An API key.' },
      },
    },
  };
}

const mitByAddress = { name: 'MIT', url: 'https://opensource.org/license/mit' };

function describeApi(): string {
  const rows = Object.entries(statusByCode).map(
    ([code, status]) =>
      `| ${status} | \`${code}\` | ${errorCatalogue[code as keyof typeof statusByCode].when} |`,
  );
  return `Call records of a telephony platform: lists, totals, statistics and trends that agree with each other.

Credentials go into \`Authorization: Bearer …\` or \`x-api-key\`. What belongs to another organization or environment
is answered like what never was. \`HEAD\` works wherever \`GET\` does; another method is 405, with \`Allow\`. An unknown
or repeated parameter is an error. Answers may get more members, and errors more codes.

Every error is \`{"error", "code", "details"?}\`. Each code has one status:

| status | code | when |
|---|---|---|
${rows.join('\n')}
`;
}
