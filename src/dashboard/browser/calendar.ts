const dayMs = 86_400_000;
const formats = new Map<string, Intl.DateTimeFormat>();

/** The instants that the gateway takes. */
const instantMin = Date.parse('0001-01-01T00:00:00Z');
const instantMax = Date.parse('9999-12-31T00:00:00Z');

/** The zone of the browser; UTC where it tells none. */
export function findOwnTimeZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';
}

// Browsers know these too, but leave them out or list them by names that IANA gave up.
const renamedZones = [
  ...['Africa/Asmara', 'America/Argentina/Buenos_Aires', 'America/Argentina/Catamarca'],
  ...['America/Argentina/Cordoba', 'America/Argentina/Jujuy', 'America/Argentina/Mendoza'],
  ...['America/Atikokan', 'America/Indiana/Indianapolis', 'America/Kentucky/Louisville', 'America/Nuuk'],
  ...['Asia/Ho_Chi_Minh', 'Asia/Kathmandu', 'Asia/Kolkata', 'Asia/Yangon', 'Atlantic/Faroe', 'Europe/Kyiv'],
  ...['Pacific/Chuuk', 'Pacific/Kanton', 'Pacific/Pohnpei', 'UTC'],
];

/** Every zone that the browser knows, and `zone`. */
export function listTimeZones(zone: string): string[] {
  const more = [zone, ...renamedZones].filter(isTimeZone);
  return [...new Set([...more, ...Intl.supportedValuesOf('timeZone')])].sort();
}

export function isTimeZone(name: string): boolean {
  try {
    formatOf(name);
    return true;
  } catch {
    return false;
  }
}

/** Whether a text is a day of the calendar, YYYY-MM-DD. */
export function isDate(text: string): boolean {
  const day = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(text) : Number.NaN;
  return day >= instantMin && new Date(day).toISOString().startsWith(text);
}

/** The day of the zone's calendar at an instant: YYYY-MM-DD. */
export function toDate(instantMs: number, zone: string): string {
  return toLocal(instantMs, zone).toISOString().slice(0, 10);
}

/** A day of the calendar, moved by days; not beyond the years 1 to 9999. */
export function addDays(date: string, days: number): string {
  return new Date(clamp(Date.parse(date) + days * dayMs)).toISOString().slice(0, 10);
}

/** The first instant of a day in a zone; where the clock skips its midnight, the instant of the change. */
export function startOfDay(date: string, zone: string): number {
  return clamp(findStartOfDay(Date.parse(date), zone));
}

function clamp(instantMs: number): number {
  return Math.min(instantMax, Math.max(instantMin, instantMs));
}

function findStartOfDay(midnight: number, zone: string): number {
  const offsets = [midnight - dayMs, midnight + dayMs].map((at) => toLocal(at, zone).getTime() - at);
  const candidates = offsets.map((offset) => midnight - offset).sort((a, b) => a - b);
  const first = candidates.find((at) => toLocal(at, zone).getTime() === midnight);
  return first ?? candidates[1] ?? midnight;
}

/** The clock of the zone at an instant, as if it were that of UTC. */
function toLocal(instantMs: number, zone: string): Date {
  const parts = Object.fromEntries(
    formatOf(zone)
      .formatToParts(instantMs)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  // Not Date.UTC, which takes the years 0 to 99 for 1900 to 1999.
  const local = new Date(0);
  local.setUTCFullYear(year, month - 1, day);
  local.setUTCHours(hour, minute, second);
  return local;
}

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known !== undefined) return known;
  const numeric = 'numeric' as const;
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: numeric,
    month: numeric,
    day: numeric,
    hour: numeric,
    minute: numeric,
    second: numeric,
  });
  formats.set(zone, format);
  return format;
}
