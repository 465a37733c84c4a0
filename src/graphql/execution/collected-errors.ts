import type { GraphQLError } from 'graphql';

/** Where a value is in the answer; each position has one Path, so that positions are compared by identity. */
export interface Path {
  readonly prev: Path | undefined;
  readonly key: string | number;
  readonly typename: string | undefined;
}

/** The errors of an execution, in the order they were met; none for a position that is null already. */
export class CollectedErrors {
  readonly #positions = new Set<Path | undefined>();
  readonly errors: GraphQLError[] = [];

  /** Adds the error that makes the position null; undefined is the whole answer. */
  add(error: GraphQLError, position: Path | undefined): void {
    if (this.#isNull(position)) return;
    this.#positions.add(position);
    this.errors.push(error);
  }

  #isNull(position: Path | undefined): boolean {
    for (let path = position; path !== undefined; path = path.prev)
      if (this.#positions.has(path)) return true;
    return this.#positions.has(undefined);
  }
}
