import { type Status, toColorName, toWords } from './call-words.ts';

/** The square of a status's colour, for legends. */
export function Swatch({ status }: { readonly status: Status }) {
  return <span class="swatch" style={{ background: `var(${toColorName(status)})` }} />;
}

export function StatusMark({ status }: { readonly status: Status }) {
  return (
    <span class="status">
      <Swatch status={status} />
      {toWords(status)}
    </span>
  );
}
