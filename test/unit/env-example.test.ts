import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { expect, it } from 'vitest';
import { parseConfig, printEnvExample } from '../../src/config.ts';

const file = readFileSync(new URL('../../.env.example', import.meta.url), 'utf8');

it('.env.example is what the configuration prints', () => {
  expect(file).toBe(printEnvExample());
});

it('.env.example changes nothing when it is copied as it is', () => {
  expect(parseEnv(file)).toEqual({});
});

it('.env.example shows the defaults: with every line in force, the configuration is the same', () => {
  const inForce = file.replaceAll(/^# (?=[A-Z_]+=)/gm, '');
  expect(parseConfig(parseEnv(inForce) as Record<string, string>)).toEqual(parseConfig({}));
});
