import { escapeHtml } from '../assets/page.ts';

/** The operations of an OpenAPI document, as `paths` has them. */
export type Paths = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

const methods = ['get', 'post', 'put', 'patch', 'delete'];

/** What is read while the reference loads, and without JavaScript: every operation in a line of HTML. */
export function renderOutline(paths: Paths): string {
  const lines = Object.entries(paths).flatMap(([path, operations]) =>
    methods.flatMap((method) => {
      const operation = operations[method] as { readonly summary?: string } | undefined;
      if (operation === undefined) return [];
      const address = escapeHtml(`${method.toUpperCase()} ${path}`);
      return [`<li><code>${address}</code> ${escapeHtml(operation.summary ?? '')}</li>`];
    }),
  );
  return `<ul>${lines.join('')}</ul>`;
}
