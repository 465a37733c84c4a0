import { findOrganizationsByName } from '../auth/organizations.ts';
import { parseUuid } from '../auth/uuid.ts';
import type { Db } from '../db/db.ts';
import { CommandError } from './output.ts';

/** The flag of all commands that work on one organization. */
export const organizationFlag = '--organization <id or name>';

/** The id of an organization that is given by id or by name. Throws CommandError where the name is not that of exactly one. */
export async function getOrganizationId(db: Db, idOrName: string): Promise<string> {
  const id = parseUuid(idOrName);
  if (id !== null) return id;
  const [found, ...others] = await findOrganizationsByName(db, idOrName);
  if (found === undefined) throw new CommandError(`There is no organization "${idOrName}".`);
  if (others.length > 0) {
    const ids = [found, ...others].map((each) => each.id).join(', ');
    throw new CommandError(`Several organizations have the name "${idOrName}". Give the id of one: ${ids}.`);
  }
  return found.id;
}
