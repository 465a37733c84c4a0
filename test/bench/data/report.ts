/** What a figure must be, `name` saying which one in the list of those that are missed. */
export interface Bound {
  readonly name: string;
  readonly figure: number;
  readonly atMost?: number;
  readonly atLeast?: number;
  readonly unit?: string;
}

/** Collects which bounds were missed, for the end of the run. */
export class Judge {
  readonly missed: string[] = [];

  /** `ok ≤ 5 ms` or `MISSED ≤ 5 ms`. */
  judge({ name, figure, atMost, atLeast, unit = '' }: Bound): string {
    const fits = figure <= (atMost ?? Infinity) && figure >= (atLeast ?? -Infinity);
    const limit = `${atMost === undefined ? `≥ ${atLeast}` : `≤ ${atMost}`}${unit}`;
    if (!fits) this.missed.push(`${name}: ${toFigure(figure)}${unit}, must be ${limit}`);
    return `${fits ? 'ok' : 'MISSED'} ${limit}`;
  }
}

/** Three digits that count, thousands apart: `0.312`, `4.05`, `1,077`. */
export function toFigure(value: number): string {
  return value.toLocaleString('en', { maximumSignificantDigits: 3 });
}

export function toRatio(value: number): string {
  return `${toFigure(value)}×`;
}

/** Prints a table that reads well as text and as Markdown; all columns but the first are figures. */
export function printTable(heading: string, head: readonly string[], rows: readonly (readonly string[])[]) {
  const widths = head.map((title, i) => Math.max(3, title.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    `| ${widths.map((width, i) => (i === 0 ? (cells[i] ?? '').padEnd(width) : (cells[i] ?? '').padStart(width))).join(' | ')} |`;
  const rule = widths.map((width, i) => (i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  console.log([`\n${heading}\n`, line(head), line(rule), ...rows.map(line)].join('\n'));
}
