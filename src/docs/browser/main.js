import '../../../node_modules/@scalar/fastify-api-reference/dist/js/standalone.js';
import './docs.css';
import { readTheme, showTheme } from '../../assets/browser/theme.ts';

const { documentPath, apiKey } = JSON.parse(document.getElementById('settings').textContent);
const theme = readTheme();
const key = findSessionKey() ?? apiKey;
showTheme(theme);
document.getElementById('no-key').hidden = key !== '';

/** The key of the dashboard's session in this browser tab; null where there is none. */
function findSessionKey() {
  try {
    return JSON.parse(sessionStorage.getItem('calls-gateway.session'))?.key ?? null;
  } catch {
    // Storage is denied.
    return null;
  }
}

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
    securitySchemes: { bearer: { token: key }, apiKey: { value: '' } },
  },
  // Not the first of the document, which is for clients that cannot do without /v1.
  servers: [{ url: location.origin }],
  // With a theme that was chosen in the dashboard there is no choice here; else the reference has its own.
  ...(theme !== 'auto' && { forceDarkModeState: theme }),
  defaultHttpClient: { targetKey: 'shell', clientKey: 'curl' },
  hideClientButton: true,
  mcp: { disabled: true },
  showDeveloperTools: 'never',
  telemetry: false,
  withDefaultFonts: false,
});
