import {
  type DocumentNode,
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

/** A parsed document, and what is kept of its operations. */
export class PreparedDocument {
  readonly #document: DocumentNode;
  readonly #schema: GraphQLSchema;
  readonly #operations = new Map<string | undefined, DocumentOperation>();

  constructor(schema: GraphQLSchema, document: DocumentNode) {
    this.#document = document;
    this.#schema = schema;
  }

  /** The operation of the name, or the only one for undefined; null where there is no such one. */
  findOperation(name: string | undefined): DocumentOperation | null {
    const known = this.#operations.get(name);
    if (known !== undefined) return known;
    const operation = getOperationAST(this.#document, name);
    if (operation === null || operation === undefined) return null;
    const found = new DocumentOperation(this.#schema, this.#document, operation);
    this.#operations.set(name, found);
    return found;
  }
}

/** What is kept of a document lives as long as the document does. */
export type PrepareDocument = (document: DocumentNode) => PreparedDocument;

export function createDocumentPreparation(schema: GraphQLSchema): PrepareDocument {
  const prepared = new WeakMap<DocumentNode, PreparedDocument>();
  return (document) => {
    let known = prepared.get(document);
    if (known === undefined) {
      known = new PreparedDocument(schema, document);
      prepared.set(document, known);
    }
    return known;
  };
}

// A parsed document takes some twenty times its text.
const documentsMax = 500;
const charactersMax = 512 * 1024;
const documentCharactersMax = 16 * 1024;

/** Keeps parsed documents by their text: so many, of so many characters together; no very long one. */
export function createDocumentCache(): LRUCache<string, DocumentNode> {
  return createTextCache();
}

/** Keeps why texts cannot be parsed, within the same bounds. */
export function createErrorCache(): LRUCache<string, Error> {
  return createTextCache();
}

function createTextCache<Value extends object>(): LRUCache<string, Value> {
  return new LRUCache({
    max: documentsMax,
    maxSize: charactersMax,
    maxEntrySize: documentCharactersMax,
    sizeCalculation: (_, text) => text.length + 1,
  });
}
