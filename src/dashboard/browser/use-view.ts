import { useEffect, useState } from 'preact/hooks';
import { parseView, printView, type View } from './view.ts';

interface ShownView {
  readonly view: View;
  /** Shows another view; Back leads to the one before. */
  show(view: View): void;
  /** Shows another view in place of one that cannot be shown any more: Back does not lead to it. */
  correct(view: View): void;
}

/** The view of the address. The address always says all of it, so that it means the same to whom it is sent. */
export function useView(): ShownView {
  const [view, setView] = useState(() => parseView(location.hash));
  useEffect(() => {
    const read = () => {
      const found = parseView(location.hash);
      history.replaceState(null, '', toAddress(found));
      setView(found);
    };
    read();
    addEventListener('hashchange', read);
    return () => removeEventListener('hashchange', read);
  }, []);
  return {
    view,
    show(next) {
      if (toAddress(next) !== location.hash) history.pushState(null, '', toAddress(next));
      setView(next);
    },
    correct(next) {
      history.replaceState(null, '', toAddress(next));
      setView(next);
    },
  };
}

function toAddress(view: View): string {
  return `#${printView(view)}`;
}
