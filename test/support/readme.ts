/** What a README promises, as it is written there; each list is without repetitions. */
export interface ReadmePromises {
  /** Names of npm scripts: of `npm run lint`, and `start` and `test` of their short forms. */
  readonly scripts: readonly string[];
  /** Arguments of calls-gateway: `['keys', 'create', '--environment', 'live']`. */
  readonly commands: readonly (readonly string[])[];
  /** Those of the table of commands, each with its name in full: `npx calls-gateway keys list`. */
  readonly table: readonly string[];
  /** Blocks for a shell, in their order. */
  readonly blocks: readonly string[];
  /** GraphQL documents. */
  readonly documents: readonly string[];
  /** Files of the repository that it links to or shows. */
  readonly files: readonly string[];
}

export function parseReadme(text: string): ReadmePromises {
  const blocks = listBlocks(text, 'sh');
  const lines = [...blocks.flatMap((block) => block.split('\n')), ...listInlineCode(text)];
  const parts = lines.flatMap((line) => line.split(/&&|\|\||[;|#]/)).map((part) => part.trim());
  return {
    scripts: distinct(parts.flatMap(toScripts)),
    commands: distinct(parts.flatMap(toCommands)).map((command) => command.split(' ')),
    table: listTable(text),
    blocks,
    documents: listBlocks(text, 'graphql'),
    files: distinct(
      [...text.matchAll(/(?:\]\(|\bsrc(?:set)?=")(?!https?:|#)([^)#"]+)/g)].flatMap(
        (match) => match[1] ?? [],
      ),
    ),
  };
}

function listBlocks(text: string, language: string): string[] {
  return [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)]
    .filter((match) => match[1] === language)
    .flatMap((match) => match[2] ?? []);
}

function listInlineCode(text: string): string[] {
  const withoutBlocks = text.replaceAll(/^```[\s\S]*?^```$/gm, '');
  return [...withoutBlocks.matchAll(/`([^`\n]+)`/g)].flatMap((match) => match[1] ?? []);
}

function listTable(text: string): string[] {
  const program = 'npx calls-gateway ';
  const cells = [...text.matchAll(/^\| (`npx calls-gateway .*?) \|/gm)].flatMap((match) => match[1] ?? []);
  return cells.flatMap(listInlineCode).map((code) => (code.startsWith(program) ? code : program + code));
}

function toScripts(part: string): string[] {
  const script = /^npm run ([\w:-]+)/.exec(part)?.[1] ?? /^npm (start|test)\b/.exec(part)?.[1];
  return script === undefined ? [] : [script];
}

function toCommands(part: string): string[] {
  const given = /^(?:npx calls-gateway|npm run (?:--silent )?cli --)\s+([a-z].*)$/.exec(part)?.[1];
  return given === undefined ? [] : [given.replaceAll(/\s+/g, ' ')];
}

function distinct(values: readonly string[]): string[] {
  return [...new Set(values)];
}
