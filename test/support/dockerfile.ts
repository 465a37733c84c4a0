export interface Instruction {
  readonly name: string;
  readonly text: string;
}

export interface Stage {
  readonly image: string;
  /** Null for the last stage, which nobody copies from. */
  readonly alias: string | null;
  readonly instructions: readonly Instruction[];
}

export interface Copy {
  /** The stage that it copies from; null: the repository. */
  readonly from: string | null;
  readonly sources: readonly string[];
  readonly target: string;
}

/** The stages of a Dockerfile: its instructions with continued lines as one. Throws for what it does not know. */
export function parseDockerfile(text: string): Stage[] {
  const lines = text
    .replaceAll(/\\\n/g, '')
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'));
  const stages: { image: string; alias: string | null; instructions: Instruction[] }[] = [];
  for (const line of lines) {
    const [, name, rest] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? [];
    if (name === undefined || rest === undefined) throw new Error(`no instruction: ${line}`);
    const [, image, alias] = (name === 'FROM' && /^(\S+)(?: AS (\S+))?$/.exec(rest)) || [];
    if (image !== undefined) stages.push({ image, alias: alias ?? null, instructions: [] });
    else stages.at(-1)?.instructions.push({ name, text: rest });
  }
  return stages;
}

export function listCopies({ instructions }: Stage): Copy[] {
  return instructions.filter(({ name }) => name === 'COPY').map(({ text }) => toCopy(text));
}

function toCopy(text: string): Copy {
  const [, from, paths] = /^(?:--from=(\S+) )?(.+)$/.exec(text) ?? [];
  const words = paths?.split(/\s+/) ?? [];
  return { from: from ?? null, sources: words.slice(0, -1), target: words.at(-1) ?? '' };
}

/** The text of the last instruction of the name; throws where there is none. */
export function findInstruction({ instructions }: Stage, name: string): string {
  const found = instructions.findLast((each) => each.name === name);
  if (found === undefined) throw new Error(`There is no ${name}.`);
  return found.text;
}

/** The words of CMD in its form of a list, also behind HEALTHCHECK. */
export function toWords(text: string): string[] {
  return JSON.parse(text.slice(text.indexOf('['))) as string[];
}
