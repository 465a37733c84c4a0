import { describe, expect, test } from 'vitest';
import { exampleTabs } from '../../../src/graphiql/examples.ts';
import { graphiqlPageHeaders, renderGraphiqlPage } from '../../../src/graphiql/page.ts';

const assets = { scriptPath: '/assets/graphiql.0.js', stylePath: '/assets/graphiql.0.css' };

function renderDemo(apiKey: string, callId = 'call-1'): string {
  const examples = exampleTabs({ apiKey, endCursor: null, callId, now: new Date(0) });
  return renderGraphiqlPage({ assets, endpoint: '/graphql', demo: { apiKey, examples } });
}

function readSettings(html: string) {
  const [, json] = /<script type="application\/json" id="settings">(.*?)<\/script>/s.exec(html) ?? [];
  return JSON.parse(json ?? '');
}

describe('the GraphiQL page', () => {
  test('has one external script and no inline one', () => {
    const scripts = renderDemo('kros_live_demo').match(/<script[^>]*>/g);
    expect(scripts).toEqual([
      '<script type="application/json" id="settings">',
      '<script type="module" src="/assets/graphiql.0.js">',
    ]);
  });

  test('holds its settings whatever text is in them', () => {
    const apiKey = '</script><script>alert(1)</script><!--';
    const html = renderDemo(apiKey);
    expect(html).not.toContain('alert(1)</script>');
    expect(JSON.parse(readSettings(html).tabs[0].headers)).toEqual({ Authorization: `Bearer ${apiKey}` });
  });

  test('keeps a storage of its own for each demo key, whatever the calls are', () => {
    const nameOf = (html: string) => readSettings(html).storageNamespace;
    expect(nameOf(renderDemo('kros_live_a'))).not.toBe(nameOf(renderDemo('kros_live_b')));
    expect(nameOf(renderDemo('kros_live_a', 'call-1'))).toBe(nameOf(renderDemo('kros_live_a', 'call-2')));
  });

  test('without demo asks for a key', () => {
    const settings = readSettings(renderGraphiqlPage({ assets, endpoint: '/graphql', demo: null }));
    expect(settings).toMatchObject({ endpoint: '/graphql' });
    expect(settings.tabs).toHaveLength(1);
    expect(JSON.parse(settings.defaultHeaders)).toEqual({ Authorization: 'Bearer YOUR_API_KEY' });
  });

  test('may load from its own origin alone and is kept by no cache', () => {
    const policy = graphiqlPageHeaders['content-security-policy'];
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self';");
    expect(policy).not.toMatch(/https?:|\*|unsafe-eval/);
    expect(graphiqlPageHeaders['cache-control']).toBe('no-store');
  });
});
