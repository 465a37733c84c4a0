import {
  type DocumentNode,
  type GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  type OperationDefinitionNode,
} from 'graphql';
import { LRUCache } from 'lru-cache';
import { OperationPlan } from './execution/plan.ts';
import { createMeasure, type OperationMeasure } from './measure.ts';

/** An operation of a document, with what is kept of it for each request. */
export class DocumentOperation {
  readonly operation: OperationDefinitionNode;
  readonly measure: OperationMeasure;
  readonly #toPlan: () => OperationPlan;
  #plan: OperationPlan | undefined;

  constructor(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode) {
    this.operation = operation;
    this.measure = createMeasure(schema, document, operation);
    this.#toPlan = () => new OperationPlan(schema, document, operation);
  }

  /** Made when it is first executed: an operation that is refused needs none. */
  get plan(): OperationPlan {
    this.#plan ??= this.#toPlan();
    return this.#plan;
  }
}

/** A document as it was parsed, and what was found out about it since. */
export class PreparedDocument {
  readonly document: DocumentNode;
  readonly #schema: GraphQLSchema;
  readonly #validate: (document: DocumentNode) => readonly GraphQLError[];
  readonly #operations = new Map<string | undefined, DocumentOperation>();
  #errors: readonly GraphQLError[] | undefined;

  constructor(
    schema: GraphQLSchema,
    document: DocumentNode,
    validate: (document: DocumentNode) => readonly GraphQLError[],
  ) {
    this.document = document;
    this.#schema = schema;
    this.#validate = validate;
  }

  /** The operation of the name, or the only one for undefined; null where there is no such one. */
  findOperation(name: string | undefined): DocumentOperation | null {
    const known = this.#operations.get(name);
    if (known !== undefined) return known;
    const operation = getOperationAST(this.document, name);
    if (operation === null || operation === undefined) return null;
    const found = new DocumentOperation(this.#schema, this.document, operation);
    this.#operations.set(name, found);
    return found;
  }

  /** Validates once, when first asked. */
  get errors(): readonly GraphQLError[] {
    this.#errors ??= this.#validate(this.document);
    return this.#errors;
  }
}

// A parsed document takes some twenty times its text.
const documentsMax = 500;
const charactersMax = 512 * 1024;
const documentCharactersMax = 16 * 1024;

/** Remembers documents by their text: so many, of so many characters together; no very long one. */
export function createDocumentCache(): LRUCache<string, PreparedDocument> {
  return new LRUCache({
    max: documentsMax,
    maxSize: charactersMax,
    maxEntrySize: documentCharactersMax,
    sizeCalculation: (_, text) => text.length + 1,
  });
}
