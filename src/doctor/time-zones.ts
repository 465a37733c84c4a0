import { sql } from 'drizzle-orm';
import type { Database } from '../db/client.ts';
import { queryRows } from '../db/db.ts';
import { type Finding, ok, warning } from './finding.ts';

const yearsBack = 4;
const namedMax = 5;

/**
 * Compares the time zone databases of Node.js and PostgreSQL: every zone's offset in each winter and summer of some
 * years. The gateway cuts days by its own; SQL of others that cuts them by PostgreSQL's would give other sums.
 */
export async function examineTimeZones(
  { db, kind }: Database,
  zones: readonly string[] = Intl.supportedValuesOf('timeZone'),
  findOffsets = toOffsets,
): Promise<Finding> {
  if (kind === 'embedded')
    return ok('time zones', 'The time zones of Node.js count; the embedded database compares instants.');
  const instants = listInstants(new Date().getUTCFullYear());
  const rows = await queryRows<{ zone: string; seconds: number[] }>(
    db,
    sql`select asked.zone, to_json(array(
        select extract(epoch from (moment.at at time zone known.name) - (moment.at at time zone 'UTC'))::int
        from unnest(${`{${instants.map((instant) => new Date(instant).toISOString()).join(',')}}`}::timestamptz[])
          with ordinality moment (at, place) order by place
      )) as seconds
      from unnest(${`{${zones.join(',')}}`}::text[]) asked (zone)
      join pg_timezone_names known on lower(known.name) = lower(asked.zone)`,
  );
  const secondsOf = new Map(rows.map(({ zone, seconds }) => [zone, seconds]));
  const different = zones.filter((zone) => !isSame(findOffsets(zone, instants), secondsOf.get(zone)));
  if (different.length === 0)
    return ok('time zones', `Node.js and PostgreSQL agree on ${zones.length} time zones.`);
  const named = different.slice(0, namedMax).join(', ');
  const more = different.length > namedMax ? ` and ${different.length - namedMax} more` : '';
  return warning(
    'time zones',
    `Node.js (tz ${process.versions.tz ?? 'unknown'}) and PostgreSQL differ on ${named}${more}.`,
    'Update the older of the two: SQL that cuts days by PostgreSQL gives other days than the gateway.',
  );
}

function listInstants(year: number): number[] {
  return Array.from({ length: yearsBack + 2 }, (_, i) => year - yearsBack + i).flatMap((each) => [
    Date.UTC(each, 0, 1),
    Date.UTC(each, 6, 1),
  ]);
}

/** Seconds east of UTC. */
function toOffsets(zone: string, instants: readonly number[]): number[] {
  const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' });
  return instants.map((instant) => {
    const text = format.formatToParts(instant).find(({ type }) => type === 'timeZoneName')?.value ?? '';
    const [, sign, hours, minutes, seconds = '0'] = /([+-])(\d\d):(\d\d)(?::(\d\d))?/.exec(text) ?? [];
    const east = Number(hours ?? 0) * 3600 + Number(minutes ?? 0) * 60 + Number(seconds);
    return sign === '-' ? -east : east;
  });
}

function isSame(own: readonly number[], other: readonly number[] | undefined): boolean {
  return other !== undefined && own.every((seconds, i) => seconds === other[i]);
}
