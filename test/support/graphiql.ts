import type { Page, Request } from 'playwright-core';
import { expect } from 'vitest';
import type { Database } from '../../src/db/client.ts';
import { listen, type RunningServer } from '../../src/server/listen.ts';
import { openApp } from './app.ts';

/** The names of the example tabs, in their order. */
export const exampleNames = [
  'ListCalls',
  'NextPage',
  'FilterCalls',
  'CallStatistics',
  'DailyTrends',
  'DeleteCall',
];

/** Serves the gateway over HTTP; with an API key its GraphiQL is that of a demo, with the key filled in. */
export function serveGateway(
  database: Database,
  apiKey: string | null,
  { port = 0, environment = {} }: { port?: number; environment?: Readonly<Record<string, string>> } = {},
): Promise<RunningServer> {
  const app = openApp(database, { demo: apiKey === null ? null : { apiKey }, environment });
  return listen(app, { host: '127.0.0.1', port });
}

/** Whether a request is of what a person asks: when it opens, GraphiQL asks for the schema. */
function isOfQuery(request: Request): boolean {
  return request.method() === 'POST' && !request.postData()?.includes('IntrospectionQuery');
}

/** GraphiQL in a page, by what a person does with it. */
export function graphiqlIn(page: Page) {
  const play = page.locator('.graphiql-execute-button');
  return {
    async open(url: string): Promise<void> {
      await page.goto(`${url}/graphql`);
      await play.waitFor();
    },
    async reload(): Promise<void> {
      await page.reload();
      await play.waitFor();
    },
    listTabs: () => page.locator('.graphiql-tab-button').allInnerTexts(),
    openTab: (name: string) => page.locator('.graphiql-tab-button', { hasText: name }).click(),
    openDocumentation: async () => {
      await page.locator('.graphiql-sidebar button').first().click();
      await page.locator('.graphiql-doc-explorer').waitFor();
      return page.locator('.graphiql-doc-explorer');
    },
    /** Presses the play button; gives the `data` of the answer once the response pane shows it. */
    // biome-ignore lint/suspicious/noExplicitAny: tests look at answers, and a wrong shape is what they fail on.
    async run(): Promise<any> {
      const answered = page.waitForResponse((response) => isOfQuery(response.request()));
      await play.click();
      const { data, errors } = await (await answered).json();
      expect(errors).toBeUndefined();
      expect(data).toBeTruthy();
      await page.locator('.result-window .CodeMirror').getByText('"data"').waitFor();
      return data;
    },
    /** Waits until the stored tabs hold the text: GraphiQL writes them with a delay. */
    async stored(part: string): Promise<void> {
      const read = () =>
        page.evaluate(`Object.entries(sessionStorage).find(([key]) => key.endsWith(':tabState'))?.[1] ?? ''`);
      await expect.poll(read, { timeout: 10_000 }).toContain(part);
    },
  };
}
