import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createPostgresCopy, describeOnPostgres } from '../support/databases.ts';
import { findInstruction, listCopies, parseDockerfile, type Stage, toWords } from '../support/dockerfile.ts';
import { findFreePort } from '../support/free-port.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);
const timeout = 240_000;
const megabytesMax = 150;

async function bytesOf(directory: string): Promise<number> {
  const names = await readdir(directory, { recursive: true });
  const stats = await Promise.all(names.map((name) => stat(join(directory, name))));
  return stats.reduce((bytes, each) => bytes + (each.isFile() ? each.size : 0), 0);
}

// There is no Docker here: its steps, by their own words, in directories instead of images.
describeOnPostgres('the steps of the Dockerfile', () => {
  let directory: string;
  let stages: readonly Stage[];
  let copy: Awaited<ReturnType<typeof createPostgresCopy>>;
  const directoryOf = (stage: Stage | undefined) => join(directory, stage?.alias ?? 'last');

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'calls-gateway-image-'));
    stages = parseDockerfile(await readFile(join(root, 'Dockerfile'), 'utf8'));
    copy = await createPostgresCopy();
  });
  afterAll(async () => {
    await copy?.drop();
    await rm(directory, { recursive: true, force: true });
  });

  async function build(stage: Stage): Promise<void> {
    const target = directoryOf(stage);
    await mkdir(target, { recursive: true });
    const copies = listCopies(stage);
    for (const { name, text } of stage.instructions) {
      if (name === 'COPY') {
        const next = copies.shift();
        const from =
          next?.from === null ? root : directoryOf(stages.find(({ alias }) => alias === next?.from));
        for (const source of next?.sources ?? []) await copyInto(target, from, source, next?.target ?? '');
      } else if (name === 'RUN') {
        await runStep(text, target);
      }
    }
  }

  async function copyInto(target: string, from: string, source: string, to: string): Promise<void> {
    const path = source.replace(/^\/app\//, '');
    const place = to === './' ? join(target, path) : join(target, to);
    await mkdir(dirname(place), { recursive: true });
    await cp(join(from, path), place, { recursive: true });
  }

  async function runStep(command: string, cwd: string): Promise<void> {
    const env = { PATH: process.env.PATH, HOME: process.env.HOME, npm_config_prefer_offline: 'true' };
    // What the checkout has installed already is what this would install.
    if (command === 'npm ci')
      await cp(join(root, 'node_modules'), join(cwd, 'node_modules'), {
        recursive: true,
        verbatimSymlinks: true,
      });
    else await run('sh', ['-c', command], { cwd, env });
  }

  it('make a gateway that serves, in less than 150 MB of packages', { timeout }, async () => {
    for (const stage of stages) await build(stage);
    const last = stages.at(-1);
    if (last === undefined) throw new Error('no stage');
    const app = directoryOf(last);
    const megabytes = (await bytesOf(join(app, 'node_modules'))) / 1e6;
    expect(megabytes).toBeLessThan(megabytesMax);

    const PORT = String(await findFreePort());
    const given = Object.fromEntries(
      findInstruction(last, 'ENV')
        .split(' ')
        .map((pair) => pair.split('=') as [string, string]),
    );
    const env = { PATH: process.env.PATH, ...given, HOST: '127.0.0.1', PORT, DATABASE_URL: copy?.url };
    const [program = '', ...words] = toWords(findInstruction(last, 'CMD'));
    const before = await bytesOf(app);
    const server = spawn(program, words, { cwd: app, env, stdio: ['ignore', 'pipe', 'ignore'] });
    try {
      await once(server.stdout, 'data');
      const [check = '', ...rest] = toWords(findInstruction(last, 'HEALTHCHECK'));
      await run(check, rest, { cwd: app, env });
      while ((await fetch(`http://127.0.0.1:${PORT}/readyz`)).status !== 200);
      expect((await fetch(`http://127.0.0.1:${PORT}/calls`)).status).toBe(401);
      expect(await bytesOf(app), 'it writes nothing').toBe(before);
    } finally {
      server.kill('SIGTERM');
    }
    const [code] = await once(server, 'exit');
    expect(code).toBe(0);
    await expect(
      run(
        toWords(findInstruction(last, 'HEALTHCHECK'))[0] ?? '',
        toWords(findInstruction(last, 'HEALTHCHECK')).slice(1),
        { env },
      ),
    ).rejects.toThrow();
  });
});
