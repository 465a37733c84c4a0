import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openPostgres } from '../../src/db/client.ts';
import { queryRows } from '../../src/db/db.ts';
import { migratePostgresDatabase } from '../../src/db/migrate.ts';
import { createPostgresCopy, describeOnPostgres } from '../support/databases.ts';
import { startServed } from '../support/served.ts';

describeOnPostgres('a database URL', () => {
  let copy: Awaited<ReturnType<typeof createPostgresCopy>>;
  let directory: string;
  let server: { host: string; port: string; user: string; database: string };
  const forwarders: Server[] = [];

  beforeAll(async () => {
    copy = await createPostgresCopy();
    const { hostname, port, username, password, pathname } = new URL(copy?.url ?? '');
    const user = password === '' ? username : `${username}:${password}`;
    server = { host: hostname, port: port || '5432', user, database: pathname.slice(1) };
    directory = await mkdtemp(join(tmpdir(), 'calls-gateway-url-'));
    await forward(join(directory, '.s.PGSQL.6000'));
  });
  afterAll(async () => {
    for (const each of forwarders) each.close();
    await rm(directory, { recursive: true, force: true });
    await copy?.drop();
  });

  /** Listens, and passes each connection on to the server. */
  async function forward(at: string | { host: string; port: number }): Promise<Server> {
    const forwarder = createServer((socket) => {
      const onward = connect(Number(server.port), server.host);
      for (const each of [socket, onward]) each.on('error', () => {});
      socket.pipe(onward).pipe(socket);
    });
    forwarders.push(forwarder);
    await new Promise<void>((resolve) => forwarder.listen(at, resolve));
    return forwarder;
  }

  async function ask(url: string): Promise<Record<string, unknown> | undefined> {
    const database = openPostgres({ url, poolSize: 1 });
    try {
      const [row] = await queryRows<Record<string, unknown>>(
        database.db,
        sql`select current_database() as database, current_setting('TimeZone') as zone,
          current_setting('search_path') as path, current_setting('application_name') as name,
          current_setting('enable_seqscan') as scan`,
      );
      return row;
    } finally {
      await database.close();
    }
  }
  const expected = () => ({ database: server.database, zone: 'UTC', path: '"$user", public' });

  it('connects over a Unix socket, however it is written', async () => {
    const { user, database } = server;
    for (const url of [
      `postgres://${user}@${encodeURIComponent(directory)}:6000/${database}`,
      `postgres://${user}@/${database}?host=${directory}&port=6000`,
      `postgres://${user}@/${database}?host=${directory}&port=6000&sslmode=prefer`,
    ]) {
      expect(await ask(url)).toMatchObject(expected());
      await migratePostgresDatabase(url);
    }
  });

  it('connects to an IPv6 address in brackets', async () => {
    const forwarder = await forward({ host: '::1', port: 0 });
    const { port } = forwarder.address() as { port: number };
    expect(await ask(`postgres://${server.user}@[::1]:${port}/${server.database}`)).toMatchObject(expected());
  });

  it('connects to the first of several hosts that is there and is what it asks for, each time', async () => {
    const { user, host, port, database } = server;
    const url = `postgres://${user}@127.0.0.1:1,${host}:${port},127.0.0.1:2/${database}`;
    for (const query of ['', '?target_session_attrs=any', '?target_session_attrs=read-write']) {
      for (let i = 0; i < 3; i++) expect(await ask(`${url}${query}`)).toMatchObject(expected());
    }
    await migratePostgresDatabase(`${url}?target_session_attrs=primary`);
    expect(await ask(`${url}?target_session_attrs=prefer-standby`)).toMatchObject(expected());
    await expect(ask(`${url}?target_session_attrs=standby`)).rejects.toMatchObject({
      code: 'DATABASE_UNAVAILABLE',
    });
  });

  it('sends what libpq sends at the start, and nothing by accident', async () => {
    const { user, host, port, database } = server;
    const query =
      'application_name=mine&options=-c%20enable_seqscan%3Doff&channel_binding=prefer&sslmode=prefer';
    const row = await ask(`postgres://${user}@${host}:${port}/${database}?${query}`);
    expect(row).toEqual({ ...expected(), name: 'mine', scan: 'off' });
  });

  it('of another driver ends the program with 78, and its parameter is named', async () => {
    const url = `${copy?.url}?pgbouncer=true&connection_limit=1`;
    await expect(startServed({ DATABASE_URL: url })).rejects.toThrow(
      /ended with 78.+pgbouncer.+connection_limit is not supported; set DATABASE_POOL/s,
    );
  });
});
