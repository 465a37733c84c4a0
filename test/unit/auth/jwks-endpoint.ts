import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';

/** A project's JWKS endpoint on a port of its own. What it answers can be changed while it runs. */
export interface JwksEndpoint extends AsyncDisposable {
  /** What a gateway has as SUPABASE_URL. */
  readonly url: string;
  /** The paths that were asked for, in order. */
  readonly requests: string[];
  keys: JWK[];
  /** Answers instead of the keys while it is set. */
  answer: RequestListener | undefined;
}

export async function startJwksEndpoint(keys: JWK[] = []): Promise<JwksEndpoint> {
  const server = createServer((request, response) => {
    endpoint.requests.push(request.url ?? '');
    if (endpoint.answer) return endpoint.answer(request, response);
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: endpoint.keys }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const endpoint: JwksEndpoint = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: [],
    keys,
    answer: undefined,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return endpoint;
}

export interface SigningKey {
  readonly alg: string;
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
}

export async function createSigningKey(alg: string, kid: string): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { alg, kid, privateKey, jwk: { ...(await exportJWK(publicKey)), alg, kid, use: 'sig' } };
}

export const userId = '5f0c1f8e-4c55-4a5c-9a43-2f6f5d3b8a10';
export const nowSeconds = () => Math.floor(Date.now() / 1000);

/** The claims that Supabase Auth gives a user, changed by `changes`; a claim changed to undefined is left out. */
export function claimsOf(url: string | undefined, changes: Record<string, unknown> = {}) {
  return {
    sub: userId,
    aud: 'authenticated',
    role: 'authenticated',
    iat: nowSeconds(),
    exp: nowSeconds() + 3600,
    ...(url === undefined ? {} : { iss: `${url}/auth/v1` }),
    ...changes,
  };
}

interface Signed {
  readonly claims: Record<string, unknown>;
  readonly header?: Record<string, unknown>;
}

export function sign(key: SigningKey, { claims, header }: Signed): Promise<string> {
  return new SignJWT(claims)
    .setProtectedHeader({ alg: key.alg, kid: key.kid, typ: 'JWT', ...header })
    .sign(key.privateKey);
}

export function signWithSecret(secret: string, { claims, header }: Signed): Promise<string> {
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT', ...header })
    .sign(new TextEncoder().encode(secret));
}
