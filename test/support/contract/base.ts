import { execFileSync } from 'node:child_process';

/** The commit that the contract is compared with, or why there is none. */
export type Base = { readonly commit: string } | { readonly missing: string };

/**
 * Finds where the checked-out commit left the main branch; on the main branch itself, the commit before it. A copy
 * without git, or without that history, has none.
 */
export function findBase(root: string, branches = ['origin/main', 'main']): Base {
  const head = git(root, 'rev-parse', '--verify', '--quiet', 'HEAD');
  if (head === null) return { missing: 'this is no git checkout' };
  for (const branch of branches) {
    const fork = git(root, 'merge-base', 'HEAD', branch);
    if (fork !== null && fork !== head) return { commit: fork };
  }
  const parent = git(root, 'rev-parse', '--verify', '--quiet', 'HEAD^');
  return parent === null ? { missing: 'there is no history' } : { commit: parent };
}

/** A file as it was in a commit; null where it was not yet. */
export function readFileAt(root: string, commit: string, path: string): string | null {
  return git(root, 'show', `${commit}:${path}`);
}

function git(root: string, ...args: string[]): string | null {
  try {
    const command = ['-c', 'safe.directory=*', ...args];
    return execFileSync('git', command, {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trimEnd();
  } catch {
    return null;
  }
}
