import type { SummaryData, Sums } from './answers.ts';
import { formatCost, formatCount, formatDecimal, formatDuration, formatShare } from './format.ts';
import { settings } from './settings.ts';
import type { QueryState, Question } from './use-query.ts';
import { GraphiqlLink } from './widget.tsx';

interface TileKind {
  readonly title: string;
  value(sums: Sums): string;
  /** What is compared with the time before; null where there is nothing. */
  measure(sums: Sums): number | null;
  /** Whether the difference is in points, not in parts of what was. */
  readonly inPoints?: boolean;
  /** Whether more is better; absent: neither. */
  readonly isGood?: boolean;
}

const tiles: readonly TileKind[] = [
  { title: 'Calls', value: ({ total }) => formatCount(total), measure: ({ total }) => total },
  {
    title: 'Answer rate',
    value: ({ answerRate }) => formatShare(answerRate),
    measure: ({ answerRate }) => answerRate,
    inPoints: true,
    isGood: true,
  },
  {
    title: 'Average talk time',
    value: ({ averageDurationSeconds }) => formatDuration(averageDurationSeconds),
    measure: ({ averageDurationSeconds }) => averageDurationSeconds,
  },
  {
    title: 'Talk time',
    value: ({ totalDurationSeconds }) => formatDuration(totalDurationSeconds),
    measure: ({ totalDurationSeconds }) => Number(totalDurationSeconds),
  },
  {
    title: 'Cost',
    value: ({ totalCostCents }) => formatCost(totalCostCents, settings.currency),
    measure: ({ totalCostCents }) => Number(totalCostCents),
  },
];

interface TilesProps {
  readonly state: QueryState<SummaryData>;
  readonly question: Question;
}

/** The sums of the range in large figures, each beside the time before. */
export function Tiles({ state: { data, isLoading, isStale }, question }: TilesProps) {
  return (
    <section class={isStale ? 'tiles stale' : 'tiles'} aria-label="Summary" aria-busy={isLoading}>
      <dl>
        {tiles.map((tile) => (
          <div class="tile" key={tile.title}>
            <dt>{tile.title}</dt>
            <dd class="figure">
              {data !== null ? tile.value(data.callStats) : isLoading ? <span class="skeleton" /> : '–'}
            </dd>
            {data?.previous && <Change tile={tile} now={data.callStats} before={data.previous} />}
          </div>
        ))}
      </dl>
      <GraphiqlLink title="Summary" {...question} />
    </section>
  );
}

function Change({ tile, now, before }: { tile: TileKind; now: Sums; before: Sums }) {
  const [to, from] = [tile.measure(now), tile.measure(before)];
  if (!to && !from) return null;
  if (before.total === 0) return <dd class="change">No calls before</dd>;
  if (to === null || from === null || (from === 0 && !tile.inPoints)) {
    return <dd class="change">{from === null || from === 0 ? 'None before' : 'None now'}</dd>;
  }
  const change = tile.inPoints ? (to - from) * 100 : ((to - from) / from) * 100;
  const size = Math.abs(change) > 999 ? '> 999' : formatDecimal(Math.abs(change));
  const isUp = change > 0;
  const isNothing = Math.abs(change) < 0.05;
  const tone = tile.isGood === undefined || isNothing ? '' : isUp === tile.isGood ? 'good' : 'bad';
  return (
    <dd class="change">
      <span class={tone}>
        {isNothing ? '±' : isUp ? '▲' : '▼'} {size} {tile.inPoints ? 'pt' : '%'}
      </span>{' '}
      vs previous
    </dd>
  );
}
