import { isOneSlipAway } from '../spelling.ts';

/** Names that other APIs have for ours. */
const otherNames: Readonly<Record<string, readonly string[]>> = {
  limit: ['count', 'first', 'max', 'maxresults', 'pagesize', 'perpage', 'size', 'take'],
  page: ['after', 'cursor', 'offset', 'pagenumber', 'skip'],
  start_date: ['after', 'begin', 'createdafter', 'createdfrom', 'from', 'since', 'start'],
  end_date: ['before', 'createdbefore', 'createdto', 'end', 'to', 'until'],
  timezone: ['tz', 'zone'],
  interval: ['bucket', 'granularity', 'groupby', 'step'],
  status: ['state'],
  hangup_cause: ['cause', 'reason'],
  phone_number_id: ['numberid'],
};
/** Shorter names are a letter away from anything. */
const slipLengthMin = 4;

const toLetters = (name: string) => name.toLowerCase().replaceAll(/[^a-z]/g, '');

/** The known parameter that an unknown one was meant as; undefined where none is like it. */
export function findMeant(name: string, known: readonly string[]): string | undefined {
  const letters = toLetters(name.slice(0, 64));
  if (letters === '') return undefined;
  const isLike = (other: string) => isOneSlipAway(letters, other) || other.startsWith(letters);
  return (
    known.find((other) => toLetters(other) === letters) ??
    known.find((other) => otherNames[other]?.includes(letters)) ??
    (letters.length < slipLengthMin ? undefined : known.find((other) => isLike(toLetters(other))))
  );
}
