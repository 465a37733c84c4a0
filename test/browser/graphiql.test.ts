import { sql } from 'drizzle-orm';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { loadAssets } from '../../src/assets/assets.ts';
import { bundleAssets } from '../../src/assets/bundle.ts';
import { queryRows } from '../../src/db/db.ts';
import type { RunningServer } from '../../src/server/listen.ts';
import { findChromium, openTabForEach } from '../support/chromium.ts';
import { describeOnEmbedded } from '../support/databases.ts';
import { insertCalls, insertEvent, insertOrganization, insertRecording } from '../support/fixtures.ts';
import { exampleNames, graphiqlIn, serveGateway } from '../support/graphiql.ts';

const callCount = 25;
const dayMs = 86_400_000;

describe.skipIf(findChromium() === null)('GraphiQL of a demo in Chromium', { timeout: 60_000 }, () => {
  describeOnEmbedded('over the gateway', (database) => {
    const tab = openTabForEach();
    let server: RunningServer;
    let key: string;

    beforeAll(async () => {
      await bundleAssets('graphiql');
      const { db } = database();
      const organization = await insertOrganization(db);
      key = organization.liveKey;
      const now = Date.now();
      const ages = Array.from({ length: callCount }, (_, days) => ({
        createdAt: new Date(now - days * dayMs).toISOString(),
      }));
      for (const { id } of await insertCalls(db, organization.id, ages)) {
        await insertEvent(db, organization.id, id);
        await insertRecording(db, organization.id, id);
      }
    }, 120_000);

    beforeEach(async () => {
      server = await serveGateway(database(), key);
    });

    afterEach(() => server.stop());

    test('opens with six example tabs', async () => {
      const graphiql = graphiqlIn(tab().page);
      await graphiql.open(server.url);
      expect(await graphiql.listTabs()).toEqual(exampleNames);
      expect(tab().complaints).toEqual([]);
    });

    test('answers each example tab with data of the database', async () => {
      const graphiql = graphiqlIn(tab().page);
      await graphiql.open(server.url);
      const run = async (name: string) => {
        await graphiql.openTab(name);
        return graphiql.run();
      };

      const { calls: list } = await run('ListCalls');
      expect(list).toMatchObject({ totalCount: callCount, pageInfo: { hasNextPage: true } });
      expect(list.nodes[0].recording).toEqual({ status: 'READY', durationSeconds: 55 });

      const { calls: next } = await run('NextPage');
      const ids = new Set(
        [...list.nodes, ...next.edges.map(({ node }: { node: object }) => node)].map(({ id }) => id),
      );
      expect(ids.size).toBe(20);

      expect((await run('FilterCalls')).calls.totalCount).toBe(callCount);
      expect((await run('CallStatistics')).callStats).toMatchObject({
        total: callCount,
        answered: callCount,
      });

      const { callTrends } = await run('DailyTrends');
      expect(callTrends.timeZone).toBe('Europe/Berlin');
      const total = callTrends.points.reduce((sum: number, point: { total: number }) => sum + point.total, 0);
      expect(total).toBe(callCount);

      expect((await run('DeleteCall')).deleteCall).toEqual({ __typename: 'DeleteCallSuccess' });
      const [left] = await queryRows<{ n: number }>(database().db, sql`select count(*)::int as n from calls`);
      expect(left?.n).toBe(callCount - 1);
      expect(await graphiql.run()).toMatchObject({ deleteCall: { __typename: 'CallNotFoundError' } });
      expect(tab().complaints).toEqual([]);
    });

    test('sends no request to another origin and loads one compressed, immutable script', async () => {
      const graphiql = graphiqlIn(tab().page);
      await graphiql.open(server.url);
      await graphiql.openDocumentation();
      await graphiql.run();
      const { requested, responses, complaints } = tab();
      expect(complaints).toEqual([]);
      const elsewhere = requested.filter(
        (url) => !url.startsWith(`${server.url}/`) && !url.startsWith('data:'),
      );
      expect(elsewhere).toEqual([]);
      const scripts = responses.filter((response) => response.request().resourceType() === 'script');
      expect(scripts.map((script) => new URL(script.url()).pathname)).toEqual([
        loadAssets('graphiql')?.scriptPath,
      ]);
      expect(scripts[0]?.headers()).toMatchObject({
        'content-encoding': expect.stringMatching(/^(br|gzip)$/),
        'cache-control': expect.stringContaining('immutable'),
      });
    });

    test('reads the schema with the demo key and shows it in the documentation', async () => {
      const graphiql = graphiqlIn(tab().page);
      await graphiql.open(server.url);
      const documentation = await graphiql.openDocumentation();
      await documentation.getByText('Mutation', { exact: true }).waitFor();
      expect(tab().complaints).toEqual([]);
    });
  });
});
