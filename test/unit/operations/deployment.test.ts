import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { printEnvExample } from '../../../src/config.ts';
import { findInstruction, listCopies, parseDockerfile } from '../../support/dockerfile.ts';
import { readSources } from '../../support/house.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const read = (path: string) => readFileSync(`${root}/${path}`, 'utf8');
const settings = [...printEnvExample().matchAll(/^# ([A-Z_]+)=/gm)].map(([, name]) => name);

describe('the Dockerfile', () => {
  const stages = parseDockerfile(read('Dockerfile'));
  const last = stages.at(-1) ?? stages[0];
  if (last === undefined) throw new Error('It has no stage.');

  it('copies files that there are, and of the repository nothing that is not committed', () => {
    const copies = stages.flatMap(listCopies);
    const names = stages.map(({ alias }) => alias);
    for (const { from } of copies) if (from !== null) expect(names).toContain(from);
    const ofRepository = copies.filter(({ from }) => from === null).flatMap(({ sources }) => sources);
    expect(ofRepository).toContain('drizzle');
    for (const path of ofRepository) {
      expect(existsSync(`${root}/${path}`), path).toBe(true);
      expect(['.', './', '*'], 'secrets may lie about').not.toContain(path);
    }
  });

  it('runs as nobody who may do anything, from images of a version that the product takes', () => {
    expect(findInstruction(last, 'USER')).toBe('node');
    for (const { image } of stages) expect(image).toMatch(/^node:(20|22|24)[\w.-]*-slim$/);
  });

  it('has nothing in the last stage that builds', () => {
    expect(last.instructions.filter(({ name }) => name === 'RUN')).toEqual([]);
    expect(listCopies(last).flatMap(({ sources }) => sources)).not.toContain('src');
  });

  it('says how it is by node alone, and starts without a shell between it and signals', () => {
    expect(findInstruction(last, 'HEALTHCHECK')).toMatch(/CMD \["node", "-e", .*\/healthz/);
    expect(findInstruction(last, 'CMD')).toBe('["node", "dist/cli.js", "serve"]');
  });

  it('sets what the gateway knows', () => {
    for (const [, name] of findInstruction(last, 'ENV').matchAll(/([A-Z_]+)=/g))
      expect(settings).toContain(name);
  });
});

describe('compose.yaml', () => {
  const text = read('compose.yaml');
  const gateway = text.slice(text.indexOf('\n  gateway:'), text.indexOf('\nvolumes:'));

  it('sets what the gateway knows', () => {
    const names = [...gateway.matchAll(/^ {6}([A-Z_]+):/gm)].map(([, name]) => name);
    expect(names).toContain('DATABASE_URL');
    for (const name of names) expect(settings).toContain(name);
  });

  it('passes on every setting but those that the image and the network of the containers decide', () => {
    const decided = ['NODE_ENV', 'PORT', 'HOST', 'METRICS_PORT', 'DATABASE_URL', 'DATA_DIR'];
    for (const name of settings) {
      if (name !== undefined && !decided.includes(name))
        expect(gateway).toContain(`\n      ${name}: \${${name}:-}\n`);
    }
  });

  it('says how to make a key in the container and how to turn the dashboard on, as the README does', () => {
    for (const file of [text, read('README.md')]) {
      expect(file).toMatch(/docker compose exec gateway node dist\/cli\.js keys create --organization/);
      expect(file).toContain('DASHBOARD=on');
    }
  });

  it('gives the gateway nothing to write to and no rights, and publishes to this machine only', () => {
    expect(gateway).toContain('read_only: true');
    expect(gateway).toMatch(/cap_drop:\n +- ALL\n/);
    expect(gateway).toContain('no-new-privileges:true');
    expect(gateway).toMatch(/ports:\n +- 127\.0\.0\.1:4000:4000\n/);
  });

  it('holds no password', () => {
    for (const [, value] of text.matchAll(/(?:PASSWORD: |\/\/calls:)(.*?)(?:@|\n|$)/g))
      if (value !== undefined && !value.startsWith('/') && value !== '')
        expect(value).toMatch(/^\$\{POSTGRES_PASSWORD/);
  });
});

describe('the unit of systemd', () => {
  const path = 'src/operations/calls-gateway.service';
  const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0;

  it.skipIf(!hasSystemd)('is one that systemd takes', () => {
    const { stderr } = spawnSync('systemd-analyze', ['verify', `${root}/${path}`], { encoding: 'utf8' });
    const complaints = stderr.split('\n').filter((line) => line.includes('calls-gateway.service'));
    expect(complaints).toEqual([]);
  });

  it('gives the process longer to stop than it takes', () => {
    expect(Number(/^TimeoutStopSec=(\d+)$/m.exec(read(path))?.[1])).toBeGreaterThan(15);
  });
});

describe('what is installed to run', () => {
  interface Locked {
    readonly dev?: boolean;
    readonly devOptional?: boolean;
    readonly hasInstallScript?: boolean;
  }
  const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, Locked> };
  const { dependencies, scripts } = JSON.parse(read('package.json')) as Record<
    string,
    Record<string, string>
  >;

  it('runs no script of a package while it is installed', () => {
    const running = Object.entries(packages).filter(([path, each]) => path !== '' && !each.dev);
    expect(running.length).toBeGreaterThan(20);
    expect(running.filter(([, each]) => each.hasInstallScript).map(([path]) => path)).toEqual([]);
    for (const name of ['preinstall', 'install', 'postinstall', 'prepare'])
      expect(scripts).not.toHaveProperty(name);
  });

  it('is asked for by 20 names at most', () => {
    expect(Object.keys(dependencies ?? {}).length).toBeLessThanOrEqual(20);
  });

  it('is used, each by a file of src', () => {
    const text = [...readSources(`${root}/src`).values()].join('\n');
    for (const name of Object.keys(dependencies ?? {})) expect(text).toMatch(new RegExp(`from '${name}['/]`));
  });
});
