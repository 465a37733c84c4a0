import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findBase, readFileAt } from '../../support/contract/base.ts';

describe('what the contract is compared with', () => {
  let root: string;
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b.example', ...args], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  const commit = (text: string) => {
    writeFileSync(join(root, 'file'), text);
    git('add', 'file');
    git('commit', '-qm', text);
    return git('rev-parse', 'HEAD');
  };

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'contract-'));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  it('of a branch is where it left the main branch', () => {
    git('init', '-qb', 'main');
    const fork = commit('one');
    git('checkout', '-qb', 'feature');
    commit('two');
    commit('three');
    git('checkout', '-q', 'main');
    commit('four');
    git('checkout', '-q', 'feature');
    expect(findBase(root)).toEqual({ commit: fork });
    expect(readFileAt(root, fork, 'file')).toBe('one');
    expect(readFileAt(root, fork, 'none')).toBeNull();
  });

  it('of the main branch is the commit before', () => {
    git('init', '-qb', 'main');
    const before = commit('one');
    commit('two');
    expect(findBase(root)).toEqual({ commit: before });
  });

  it('of a clone without history, or of no clone, is nothing', () => {
    expect(findBase(root)).toEqual({ missing: 'this is no git checkout' });
    git('init', '-qb', 'main');
    expect(findBase(root)).toEqual({ missing: 'this is no git checkout' });
    commit('one');
    commit('two');
    const clone = mkdtempSync(join(tmpdir(), 'contract-'));
    git('clone', '-q', '--depth', '1', `file://${root}`, clone);
    expect(findBase(clone)).toEqual({ missing: 'there is no history' });
    rmSync(clone, { recursive: true });
  });
});
