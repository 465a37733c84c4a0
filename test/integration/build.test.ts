import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Checkout, createCheckout } from '../support/checkout.ts';

const timeout = 480_000;

describe('npm run build', () => {
  let checkout: Checkout;
  beforeAll(async () => {
    checkout = await createCheckout();
  }, timeout);
  afterAll(() => checkout?.remove());

  const build = () => checkout.run('npm run --silent build 2>&1');

  it('says what it does, and does nothing where nothing has changed', { timeout }, async () => {
    expect(await build()).toMatch(/^Compiling calls-gateway …\nBundling its pages …\nBuilt in [\d.]+ s\.\n$/);
    expect(await build()).toBe('');
    expect(await checkout.run('npx calls-gateway --version 2>&1')).toMatch(/^\d+\.\d+\.\d+\n$/);

    await appendFile(join(checkout.directory, 'src/auth/uuid.ts'), '// changed\n');
    expect(await build()).toContain('Compiling');
  });
});
