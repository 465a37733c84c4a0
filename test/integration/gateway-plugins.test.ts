import { execute, GraphQLError, parse } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Caller } from '../../src/auth/caller.ts';
import type { GatewayContext } from '../../src/graphql/context.ts';
import { executePlan } from '../../src/graphql/execution/execute.ts';
import { OperationPlan } from '../../src/graphql/execution/plan.ts';
import { createGateway, type GatewayPlugin } from '../../src/graphql/gateway.ts';
import { createLog } from '../../src/log.ts';
import { openApp, type TestApp } from '../support/app.ts';
import { graphqlClient, restClient } from '../support/client.ts';
import { describeOnEmbedded } from '../support/databases.ts';
import { insertCall, insertOrganization, type TestOrganization } from '../support/fixtures.ts';
import { createPothosSchema, type RegionContext } from '../support/pothos-schema.ts';

type ContextPlugin = Plugin<RegionContext>;

describeOnEmbedded('plugins of an operator', (database) => {
  let organization: TestOrganization;
  let key: string;
  let callId: string;

  beforeAll(async () => {
    organization = await insertOrganization(database().db);
    key = organization.liveKey;
    callId = (await insertCall(database().db, organization.id)).id;
  });

  const open = (...plugins: GatewayPlugin[]) => openApp(database(), { plugins });
  const askGraphQL = (app: TestApp) =>
    graphqlClient(app, key).query('query Recent { calls(first: 1) { nodes { uuid } } }');
  const askRest = (app: TestApp) => restClient(app, key).get(`/calls/${callId}`);

  it('time executions, those of GraphQL and those of REST', async () => {
    const times: number[] = [];
    const timing: Plugin = {
      onExecute() {
        const startedAt = performance.now();
        return { onExecuteDone: () => void times.push(performance.now() - startedAt) };
      },
    };
    const app = open(timing);
    expect((await askGraphQL(app)).data.calls.nodes).toEqual([{ uuid: callId }]);
    expect(times).toHaveLength(1);
    expect((await askRest(app)).body.id).toBe(callId);
    expect(times).toHaveLength(2);
    for (const time of times) expect(time).toBeGreaterThan(0);
  });

  it('add to the context that later hooks get, for GraphQL and for REST', async () => {
    const seen: unknown[] = [];
    const adding: ContextPlugin = {
      onContextBuilding({ context, extendContext }) {
        extendContext({ region: `eu of ${context.caller.organizationId}` });
      },
    };
    const reading: ContextPlugin = {
      onExecute: ({ args }) => void seen.push((args.contextValue as RegionContext).region),
    };
    const app = open(adding, reading);
    await askGraphQL(app);
    await askRest(app);
    expect(seen).toEqual([`eu of ${organization.id}`, `eu of ${organization.id}`]);
  });

  it('change results, those of GraphQL and those of REST', async () => {
    const emptying: Plugin = {
      onExecute: () => ({
        onExecuteDone({ result, setResult }) {
          setResult({ ...result, data: { calls: { nodes: [] }, call: null } });
        },
      }),
    };
    const app = open(emptying);
    expect((await askGraphQL(app)).data.calls.nodes).toEqual([]);
    expect((await askRest(app)).status).toBe(404);
  });

  it('replace a document and its parameters', async () => {
    const asking: Plugin = {
      onParams: ({ params, setParams }) =>
        setParams({ ...params, variables: { ...params.variables, first: 0 } }),
    };
    const replacing: Plugin = {
      onParse:
        () =>
        ({ replaceParseResult }) =>
          replaceParseResult(parse('query Recent { __typename }')),
    };
    const { query } = graphqlClient(open(asking), key);
    const { errors } = await query('query ($first: Int) { calls(first: $first) { totalCount } }', {
      first: 1,
    });
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT' });
    expect((await askGraphQL(open(replacing))).data).toEqual({ __typename: 'Query' });
  });

  it('run in order, each once for an operation', async () => {
    const hooks: string[] = [];
    const note = (name: string) => () => void hooks.push(name);
    const noting: Plugin = {
      onPluginInit: note('init'),
      onSchemaChange: note('schema'),
      onEnveloped: note('enveloped'),
      onParams: note('params'),
      onParse: note('parse'),
      onValidate: note('validate'),
      onContextBuilding: note('context'),
      onExecute: note('execute'),
      onExecutionResult: note('result'),
      ...{ onRequest: note('never'), onRequestParse: note('never') },
      ...{ onResultProcess: note('never'), onResponse: note('never') },
    };
    const app = open(noting);
    expect(hooks.splice(0)).toEqual(['init', 'schema']);
    const ofOperation = ['params', 'enveloped', 'parse', 'validate', 'context', 'execute', 'result'];
    for (const ask of [askGraphQL, askRest]) {
      await ask(app);
      expect(hooks.splice(0)).toEqual(ofOperation);
    }
  });

  it('leave documents parsed and validated once', async () => {
    const counts = { parsed: 0, validated: 0 };
    const counting: Plugin = {
      onParse({ parseFn, setParseFn }) {
        setParseFn((...args: Parameters<typeof parse>) => {
          counts.parsed += 1;
          return parseFn(...args);
        });
      },
      onValidate({ validateFn, setValidationFn }) {
        setValidationFn((...args) => {
          counts.validated += 1;
          return validateFn(...args);
        });
      },
    };
    const app = open(counting);
    for (const ask of [askGraphQL, askRest]) {
      Object.assign(counts, { parsed: 0, validated: 0 });
      for (let i = 0; i < 3; i++) expect((await ask(app)).status).toBe(200);
      expect(counts).toEqual({ parsed: 1, validated: 1 });
    }
  });

  describe('that throw', () => {
    const secret = 'password of the operator';
    const throwIn = (make: () => unknown): Record<string, Plugin> => {
      const fail = () => {
        throw make();
      };
      return {
        onParams: { onParams: fail },
        onEnveloped: { onEnveloped: fail },
        onParse: { onParse: fail },
        onValidate: { onValidate: fail },
        onContextBuilding: { onContextBuilding: async () => fail() },
        onExecute: { onExecute: fail },
        onExecuteDone: { onExecute: () => ({ onExecuteDone: fail }) },
        onExecutionResult: { onExecutionResult: fail },
      };
    };

    it.each(Object.entries(throwIn(() => new Error(secret))))(
      'in %s are masked and logged once',
      async (_, failing) => {
        for (const ask of [askGraphQL, askRest]) {
          const app = open(failing);
          const answer = await ask(app);
          const requestId = answer.headers.get('x-request-id');
          expect(JSON.stringify(answer)).not.toContain(secret);
          if ('body' in answer)
            expect([answer.status, answer.body.code]).toEqual([500, 'INTERNAL_SERVER_ERROR']);
          else
            expect(answer.errors).toMatchObject([
              { message: 'Unexpected error.', extensions: { code: 'INTERNAL_SERVER_ERROR', requestId } },
            ]);
          const logged = app.logLines().filter(({ msg }) => msg === 'unexpected error');
          expect(logged).toMatchObject([{ requestId, err: { message: secret } }]);
        }
      },
    );

    it.each(
      Object.entries(
        throwIn(() => new GraphQLError('Not in your plan.', { extensions: { code: 'PLAN_TOO_SMALL' } })),
      ),
    )('a GraphQLError in %s answer with its code', async (_, refusing) => {
      const app = open(refusing);
      expect((await askGraphQL(app)).errors).toMatchObject([
        { message: 'Not in your plan.', extensions: { code: 'PLAN_TOO_SMALL' } },
      ]);
      expect(app.logLines().filter(({ msg }) => msg === 'unexpected error')).toEqual([]);
      // REST has codes of its own alone.
      expect((await askRest(app)).body.code).toBe('INTERNAL_SERVER_ERROR');
    });

    it('what an aborted signal throws answer with an error', async () => {
      const aborted: Plugin = { onContextBuilding: () => AbortSignal.abort().throwIfAborted() };
      expect((await askGraphQL(open(aborted))).errors).toMatchObject([
        { extensions: { code: 'INTERNAL_SERVER_ERROR' } },
      ]);
    });
  });

  describe('of Pothos', () => {
    const document = '{ region vaults { name length broken } }';
    const region = 'eu';
    const caller = (): Caller => ({
      ...{ organizationId: organization.id, environment: 'live', scopes: [], actor: 'test' },
      organizationIds: [organization.id],
    });
    const tracedFields = ['name', 'length', 'broken failed'].map((field) => `Vault.${field}`);

    it('trace the fields of a type, whose resolvers read what an Envelop plugin added', async () => {
      const { schema, traced } = createPothosSchema();
      const adding: ContextPlugin = {
        onContextBuilding: ({ extendContext }) => extendContext({ region }),
      };
      const gateway = createGateway({
        ...{ db: database().db, log: createLog('silent'), introspection: true },
        ...{ schema, plugins: [adding] },
      });
      const { result } = await gateway.execute({ query: document }, { caller: caller(), requestId: 'test' });
      const vaults = ['first', 'second'].map((name) => ({ name, length: name.length, broken: null }));
      expect(result.data).toEqual({ region, vaults });
      expect(result.errors?.map(({ path }) => path?.join('.'))).toEqual([
        'vaults.0.broken',
        'vaults.1.broken',
      ]);
      expect(traced.toSorted()).toEqual([...tracedFields, ...tracedFields].toSorted());
    });

    it('have the same effect in our executor as in that of graphql-js', async () => {
      const { schema, traced } = createPothosSchema();
      const parsed = parse(document);
      const [operation] = parsed.definitions;
      if (operation?.kind !== 'OperationDefinition') throw new Error('The document has no operation.');
      const plan = new OperationPlan(schema, parsed, operation);
      const contextValue = { caller: caller(), region } as unknown as GatewayContext;
      const expected = await execute({ schema, document: parsed, contextValue });
      const result = await executePlan(plan, {}, contextValue);
      expect(JSON.stringify(result)).toBe(JSON.stringify(expected));
      expect(traced.slice(0, traced.length / 2)).toEqual(traced.slice(traced.length / 2));
    });
  });
});
