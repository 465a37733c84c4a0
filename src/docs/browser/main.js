import '../../../node_modules/@scalar/fastify-api-reference/dist/js/standalone.js';
import './docs.css';

const { documentPath, apiKey } = JSON.parse(document.getElementById('settings').textContent);

/** The document with this page's origin in place of another: the page's policy lets requests go nowhere else. */
async function fetchDocument(input, init) {
  const answer = await fetch(input, init);
  if (!answer.ok) return answer;
  const openapi = await answer.json();
  for (const { servers = [] } of [openapi, ...Object.values(openapi.paths)]) {
    for (const server of servers) server.url = new URL(server.url, location.origin).pathname;
  }
  return Response.json(openapi);
}

// Everything that would ask another origin, or send people to one, is off.
globalThis.Scalar.createApiReference('#docs', {
  url: documentPath,
  fetch: fetchDocument,
  agent: { disabled: true },
  authentication: {
    preferredSecurityScheme: 'bearer',
    securitySchemes: { bearer: { token: apiKey }, apiKey: { value: '' } },
  },
  baseServerURL: location.origin,
  defaultHttpClient: { targetKey: 'shell', clientKey: 'curl' },
  hideClientButton: true,
  mcp: { disabled: true },
  showDeveloperTools: 'never',
  telemetry: false,
  withDefaultFonts: false,
});
