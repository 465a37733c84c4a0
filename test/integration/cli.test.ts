import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../support/cli.ts';
import { createPostgresCopy } from '../support/databases.ts';

const nowhere = '00000000-0000-4000-8000-000000000000';
const timeoutMs = 60_000;

let directory: string;
let databaseUrl: string;
let drop: (() => Promise<void>) | undefined;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'calls-gateway-cli-'));
  const copy = await createPostgresCopy();
  databaseUrl = copy?.url ?? '';
  drop = copy?.drop;
  if (copy === null) await run(['migrate']);
});

afterAll(async () => {
  await drop?.();
  await rm(directory, { recursive: true, force: true });
});

/** Runs the program on PostgreSQL, or, where there is none, on an embedded database of this file. */
const run = (words: readonly string[], { env = {}, input = '' } = {}) =>
  runCli(words, { env: { DATABASE_URL: databaseUrl, DATA_DIR: join(directory, 'data'), ...env }, input });

/** The one JSON value that a command prints. */
async function runJson(words: readonly string[], options = {}) {
  const { code, out, errors } = await run([...words, '--json'], options);
  expect({ code, errors }).toEqual({ code: 0, errors: '' });
  return JSON.parse(out);
}

const log = (id: string) =>
  `id,created_at,direction,status,from_number,to_number\n${id},2026-01-31T09:00:00Z,inbound,busy,+491,+492\n`;

describe('the commands', () => {
  it('create organizations and keys, list them, and revoke a key', { timeout: timeoutMs }, async () => {
    const organization = await runJson(['organizations', 'create', '--name', 'Acme']);
    expect(organization).toEqual({ id: expect.any(String), name: 'Acme' });
    expect(await runJson(['organizations', 'list'])).toContainEqual(organization);
    const flags = ['--organization', organization.id, '--environment', 'test', '--scopes', 'calls:read'];
    const { key, ...created } = await runJson(['keys', 'create', ...flags, '--expires', '2099-01-01']);
    expect(key).toMatch(/^kros_test_\w{38}$/);
    expect(created).toEqual({
      id: expect.any(String),
      organization_id: organization.id,
      environment: 'test',
      scopes: ['calls:read'],
      expires_at: '2099-01-01T00:00:00.000Z',
    });
    expect(await runJson(['keys', 'revoke', created.id])).toEqual({ id: created.id, revoked: true });
    const [listed] = await runJson(['keys', 'list', '--organization', organization.id]);
    expect(listed).toMatchObject({ ...created, revoked_at: expect.any(String), last_used_at: null });
    expect(JSON.stringify(listed)).not.toContain(key);
  });

  it('seed a demo and import into it, from a file and from standard input', {
    timeout: timeoutMs,
  }, async () => {
    const demo = await runJson(['seed', '--calls', '100']);
    expect(demo).toEqual({
      organization_id: expect.any(String),
      calls: 100,
      keys: { live: expect.stringMatching(/^kros_live_/), test: expect.stringMatching(/^kros_test_/) },
    });
    const file = join(directory, 'calls.csv');
    await writeFile(file, log(nowhere));
    const words = ['import', file, '--organization', demo.organization_id];
    expect(await runJson(words)).toEqual({ imported: 1 });
    expect(await run(words)).toMatchObject({
      code: 1,
      out: '',
      errors: expect.stringMatching(/^Line 2, .*\n$/),
    });
    const input = log('00000000-0000-4000-8000-000000000001');
    expect(await runJson(words.with(1, '-'), { input })).toEqual({ imported: 1 });
  });

  it('export calls that import reads: all of them, or those of a filter', {
    timeout: timeoutMs,
  }, async () => {
    const { organization_id } = await runJson(['seed', '--calls', '300']);
    const copy = await runJson(['organizations', 'create', '--name', 'Copy']);
    const words = ['export', '--organization', organization_id];
    const read = async (id: string, ...flags: string[]) => {
      const { code, out, errors } = await run([...words.with(2, id), '--format', 'ndjson', ...flags]);
      expect({ code, errors }).toEqual({ code: 0, errors: '' });
      return out.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
    };
    const csv = await run(words);
    expect(csv).toMatchObject({ code: 0, errors: '' });
    await runJson(['import', '-', '--organization', copy.id], { input: csv.out });
    const calls = await read(organization_id);
    expect(await read(copy.id)).toEqual(calls.map((call) => ({ ...call, organization_id: copy.id })));

    const { created_at } = calls[100];
    const countOf = (id: string) => calls.filter((call) => call.phone_number_id === id).length;
    const ids: string[] = calls.map((call) => call.phone_number_id);
    const phone_number_id = ids.toSorted((a, b) => countOf(b) - countOf(a))[0] ?? '';
    const flags = [
      '--status',
      'completed,busy',
      '--direction',
      'inbound',
      '--hangup-cause',
      'user_hangup,busy',
    ];
    flags.push(
      '--phone-number-id',
      phone_number_id,
      '--created-from',
      '2020-01-01',
      '--created-to',
      created_at,
    );
    flags.push('--number', '+4*', '--min-duration-seconds', '0', '--max-duration-seconds', '300');
    const some = calls.filter(
      (call) =>
        ['completed', 'busy'].includes(call.status) &&
        ['user_hangup', 'busy'].includes(call.hangup_cause) &&
        call.direction === 'inbound' &&
        call.phone_number_id === phone_number_id &&
        call.created_at < created_at &&
        (call.from_number.startsWith('+4') || call.to_number.startsWith('+4')) &&
        call.duration <= 300,
    );
    expect(some.length).toBeGreaterThan(0);
    expect(await read(organization_id, ...flags)).toEqual(some);
    expect((await read(organization_id, '--has-recording', 'true')).length).toBeGreaterThan(0);

    const misuses = [
      [['--number', '030'], '--number must be an E.164 number'],
      [
        ['--created-from', '2026-02-01', '--created-to', '2026-01-01'],
        '--created-from must be at or before --created-to',
      ],
    ] as const;
    for (const [wrong, message] of misuses) {
      const ran = await run([...words, ...wrong]);
      expect(ran).toMatchObject({ code: 2, out: '', errors: expect.stringContaining(message) });
    }
  });

  it('take the name of an organization in place of its id, where it is that of one', {
    timeout: 2 * timeoutMs,
  }, async () => {
    const words = ['organizations', 'create', '--name', 'Müller & Co'];
    const first = await runJson(words);
    const imported = await run(['import', '-', '--organization', 'Müller & Co'], {
      input: log('00000000-0000-4000-8000-000000000002'),
    });
    expect(imported).toEqual({ code: 0, out: 'Imported 1 row.\n', errors: '' });
    const [listed] = (await run(['export', '--organization', 'Müller & Co'])).out.split('\n').slice(1);
    expect(listed).toContain(first.id);
    expect(await runJson(['keys', 'list', '--organization', 'Müller & Co'])).toEqual([]);

    const second = await run([...words, '--json']);
    expect(second.code).toBe(0);
    expect(second.errors).toBe(`Another organization has this name too: ${first.id}.\n`);
    const { id } = JSON.parse(second.out);
    const key = ['keys', 'create', '--environment', 'live', '--scopes', 'calls:read', '--organization'];
    expect(await run([...key, 'Müller & Co'])).toEqual({
      ...{ code: 1, out: '' },
      errors: `Several organizations have the name "Müller & Co". Give the id of one: ${first.id}, ${id}.\n`,
    });
    expect(await run([...key, 'Nobody'])).toMatchObject({ errors: 'There is no organization "Nobody".\n' });
  });

  it('say their version', { timeout: timeoutMs }, async () => {
    const { version } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'));
    expect(await run(['--version'])).toEqual({ code: 0, out: `${version}\n`, errors: '' });
  });

  it('tell of a demo how many of its calls each key sees', { timeout: timeoutMs }, async () => {
    const { out } = await run(['seed', '--calls', '2000']);
    const [, live, test] = /\(Demo, 2,000 calls: ([\d,]+) live, (\d+) test\)/.exec(out) ?? [];
    expect(Number(live?.replace(',', '')) + Number(test)).toBe(2_000);
    expect(Number(test)).toBeGreaterThan(0);
  });

  it('say in one line what failed, and exit 1', { timeout: timeoutMs }, async () => {
    const key = ['--environment', 'live', '--scopes', 'calls:read'];
    const failures = [
      run(['keys', 'create', '--organization', nowhere, ...key]),
      run(['keys', 'revoke', nowhere]),
      run(['import', join(directory, 'none.csv'), '--organization', nowhere]),
      run(['export', '--organization', nowhere]),
      run(['import', '-', '--organization', nowhere], { input: log(nowhere) }),
    ];
    for (const { code, out, errors } of await Promise.all(failures)) {
      expect({ code, out }).toEqual({ code: 1, out: '' });
      expect(errors).toMatch(/^[^\n]+\n$/);
    }
  });

  it('exit 2 for what they are not asked rightly', { timeout: timeoutMs }, async () => {
    const misuses = [
      [],
      ['fly'],
      ['organizations', 'create'],
      ['seed', '--calls', 'many'],
      ['import', 'calls.csv', '--organization', ''],
      ['export', '--organization', nowhere, '--status', 'done'],
    ];
    for (const ran of await Promise.all(misuses.map((words) => run(words)))) {
      expect(ran).toMatchObject({ code: 2, out: '', errors: expect.stringMatching(/./) });
    }
  });

  it('exit 78 for a mistake of the configuration, without its value', { timeout: timeoutMs }, async () => {
    const { code, errors } = await run(['migrate'], { env: { DATABASE_URL: 'mysql://u:hunter2@h/x' } });
    expect(code).toBe(78);
    expect(errors).toContain('DATABASE_URL');
    expect(errors).not.toContain('hunter2');
  });

  it.each([
    [
      '127.0.0.1',
      (port: number) => `Port ${port} on 127.0.0.1 is in use. Stop what uses it, or set PORT to another one.`,
    ],
    [
      '192.0.2.1',
      () => 'This machine does not have the address 192.0.2.1. Set HOST to one that it has, or to 0.0.0.0.',
    ],
  ])('name the address that serve cannot have: %s', { timeout: timeoutMs }, async (host, message) => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    const env = { HOST: host, PORT: String(port), DATA_DIR: ':memory:', LOG_LEVEL: 'silent' };
    const { code, errors } = await run(['serve'], { env });
    server.close();
    expect({ code, errors }).toEqual({ code: 1, errors: `${message(port)}\n` });
  });

  it('give up a server that hangs up on everyone, without the password', { timeout: timeoutMs }, async () => {
    const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    const env = { DATABASE_URL: `postgres://u:hunter2@127.0.0.1:${port}/x` };
    const { code, errors } = await run(['organizations', 'list'], { env });
    server.close();
    expect(code).toBe(1);
    expect(errors).toMatch(
      /^127\.0\.0\.1:\d+ closes the connection [^\n]*\((ECONNRESET|CONNECTION_CLOSED)\)\.\n$/,
    );
    expect(errors).not.toContain('hunter2');
  });
});
