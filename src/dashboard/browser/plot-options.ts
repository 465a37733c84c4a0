import uPlot from 'uplot';

export interface PlotSeries {
  /** A custom property that holds the colour. */
  readonly color: string;
  readonly values: readonly (number | null)[];
}

export interface PlotPicture {
  readonly kind: 'bars' | 'line';
  /** From the bottom; bars are stacked. */
  readonly series: readonly PlotSeries[];
  /** How far apart the lines of the axis may be. */
  readonly steps: readonly number[];
  /** Where the axis ends; absent: where the values do. */
  readonly top?: number;
  /** The name of a bucket under the axis, and the bucket that is named before it: null for the first. */
  tick(index: number, before: number | null): string;
  formatValue(value: number): string;
}

/** Stacked: each series with those below it added, the tallest first, so that the others are drawn over it. */
export function toData({ series, kind }: PlotPicture): uPlot.AlignedData {
  const indexes = (series[0]?.values ?? []).map((_, index) => index);
  if (kind === 'line') return [indexes, ...series.map(({ values }) => [...values])];
  const stacked: number[][] = [];
  for (const { values } of series) {
    const below = stacked.at(-1);
    stacked.push(values.map((value, index) => (value ?? 0) + (below?.[index] ?? 0)));
  }
  return [indexes, ...stacked.toReversed()];
}

/** What uPlot needs to draw a picture into an element, in the colours that the element has now. */
export function toOptions(
  picture: PlotPicture,
  element: HTMLElement,
  onIndex: (index: number | null) => void,
): uPlot.Options {
  const { kind, series, steps, top } = picture;
  const count = series[0]?.values.length ?? 0;
  return {
    width: element.clientWidth,
    height: element.clientHeight,
    padding: [8, 4, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { show: kind === 'line' }, drag: { x: false, y: false } },
    scales: {
      x: { time: false, range: [-0.6, Math.max(0.6, count - 0.4)] },
      y: { range: (_, __, max) => [0, top ?? Math.max(max * 1.06, steps[0] ?? 1)] },
    },
    axes: toAxes(picture, getComputedStyle(element)),
    series: [{}, ...toSeries(picture, getComputedStyle(element))],
    hooks: {
      setCursor: [
        ({ cursor: { left = -1, idx } }) => {
          onIndex(left < 0 ? null : (idx ?? null));
        },
      ],
    },
  };
}

function toAxes({ series, steps, tick, formatValue }: PlotPicture, style: CSSStyleDeclaration): uPlot.Axis[] {
  const count = series[0]?.values.length ?? 0;
  const axis: uPlot.Axis = {
    font: `11px ${style.fontFamily}`,
    stroke: style.getPropertyValue('--ink-3').trim(),
    ticks: { show: false },
  };
  return [
    {
      ...axis,
      grid: { show: false },
      size: 26,
      splits: (u) => chooseTicks(count, u.bbox.width / devicePixelRatio),
      values: (_, splits) => splits.map((index, i) => tick(index, splits[i - 1] ?? null)),
    },
    {
      ...axis,
      grid: { stroke: style.getPropertyValue('--line').trim(), width: 1 },
      size: 46,
      space: 34,
      incrs: [...steps],
      values: (_, splits) => splits.map(formatValue),
    },
  ];
}

function toSeries({ kind, series }: PlotPicture, style: CSSStyleDeclaration): uPlot.Series[] {
  const color = (name: string) => style.getPropertyValue(name).trim();
  if (kind === 'line') {
    return series.map((each) => ({
      stroke: color(each.color),
      width: 2,
      fill: `${color(each.color)}1f`,
      spanGaps: false,
      points: { show: false, size: 7, filter: () => findLonePoints(each.values) },
    }));
  }
  const paths = uPlot.paths.bars?.({ size: [0.74, 64], radius: 0 });
  return series
    .toReversed()
    .map((each) => ({ fill: color(each.color), ...(paths && { paths }), points: { show: false } }));
}

/** The values without a neighbour: a line through them alone would not be seen. */
export function findLonePoints(values: PlotSeries['values']): number[] {
  const isThere = (index: number) => (values[index] ?? null) !== null;
  return [...values.keys()].filter((i) => isThere(i) && !isThere(i - 1) && !isThere(i + 1));
}

/** Which buckets are named: as many as there is room for, evenly. */
function chooseTicks(count: number, width: number): number[] {
  const step = Math.max(1, Math.ceil(count / Math.max(1, Math.floor(width / 84))));
  return Array.from({ length: Math.ceil(count / step) }, (_, i) => i * step);
}
