import '../../../node_modules/@scalar/fastify-api-reference/dist/js/standalone.js';
import './docs.css';

const { documentPath, apiKey } = JSON.parse(document.getElementById('settings').textContent);

// Everything that would ask another origin, or send people to one, is off.
globalThis.Scalar.createApiReference('#docs', {
  url: documentPath,
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
