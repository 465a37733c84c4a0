import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { type PlotPicture, toData, toOptions } from './plot-options.ts';

export interface PlotProps extends PlotPicture {
  /** What the picture says, for who does not see it. */
  readonly label: string;
  /** What is said of a bucket, beside the pointer. */
  describe(index: number): ComponentChildren;
}

/** A picture over buckets; arrow keys go through them as the pointer does. */
export function Plot(props: PlotProps) {
  const { series, label } = props;
  const [index, setIndex] = useState<number | null>(null);
  const { host, plot } = useUplot(props, setIndex);
  const length = series[0]?.values.length ?? 0;
  const move = (to: number) => {
    const next = Math.max(0, Math.min(length - 1, to));
    setIndex(next);
    plot.current?.setCursor({ left: plot.current.valToPos(next, 'x'), top: 10 }, false);
  };
  // A mouse is followed by uPlot; a finger by this.
  const onFinger = (event: PointerEvent) => {
    const over = plot.current?.over.getBoundingClientRect();
    if (event.pointerType === 'mouse' || over === undefined || length === 0) return;
    move(plot.current?.posToIdx(event.clientX - over.left) ?? 0);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const from = index ?? (event.key === 'ArrowLeft' ? length : -1);
    const steps: Record<string, number> = {
      ArrowLeft: from - 1,
      ArrowRight: from + 1,
      Home: 0,
      End: length - 1,
    };
    const to = steps[event.key];
    if (to === undefined) return;
    event.preventDefault();
    move(to);
  };
  const share = index === null || length < 2 ? 0 : index / (length - 1);
  return (
    // biome-ignore lint/a11y/useSemanticElements: a picture that keys go through is no element of HTML.
    <div
      class="plot"
      role="group"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: arrow keys go through its buckets.
      tabIndex={0}
      aria-label={`${label} Arrow keys go through it.`}
      onKeyDown={onKeyDown}
      onPointerDown={onFinger}
      onPointerMove={onFinger}
      onBlur={() => {
        setIndex(null);
        plot.current?.setCursor({ left: -10, top: -10 }, false);
      }}
    >
      <div ref={host} class="plot-host" aria-hidden="true" />
      <div
        class="plot-tip"
        aria-live="polite"
        style={{ left: `${share * 100}%`, translate: `${-share * 100}% 0` }}
      >
        {index !== null && index < length && <div class="tip">{props.describe(index)}</div>}
      </div>
    </div>
  );
}

/** Draws the picture into the host, anew whenever it or its colours change, and as large as the host is. */
function useUplot(picture: PlotPicture, onIndex: (index: number | null) => void) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const look = useLook();
  const { series, kind } = picture;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the functions of the picture follow its series.
  useEffect(() => {
    const element = host.current;
    if (element === null) return;
    const made = new uPlot(toOptions(picture, element, onIndex), toData(picture), element);
    plot.current = made;
    const resize = new ResizeObserver(() =>
      made.setSize({ width: element.clientWidth, height: element.clientHeight }),
    );
    resize.observe(element);
    return () => {
      resize.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [series, kind, look]);
  return { host, plot };
}

/** A number that grows whenever colours change: a picture has its own. */
function useLook(): number {
  const [look, setLook] = useState(0);
  useEffect(() => {
    const grow = () => setLook((n) => n + 1);
    const media = matchMedia('(prefers-color-scheme: dark)');
    const forced = matchMedia('(forced-colors: active)');
    media.addEventListener('change', grow);
    forced.addEventListener('change', grow);
    const observer = new MutationObserver(grow);
    observer.observe(document.documentElement, { attributeFilter: ['data-theme'] });
    return () => {
      media.removeEventListener('change', grow);
      forced.removeEventListener('change', grow);
      observer.disconnect();
    };
  }, []);
  return look;
}
