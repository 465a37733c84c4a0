import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';

// Together 100 × 128 KiB: most documents are known to few organizations, and one that is forgotten is sent again.
const organizationsMax = 100;
const documentsMax = 500;
const charactersMax = 128 * 1024;
const documentCharactersMax = 16 * 1024;

/**
 * Documents that clients sent with their SHA-256, to name them by it from then on (automatic persisted queries).
 * Organizations share none: a hash gives nobody another tenant's document, and no tenant pushes out another's.
 */
export class PersistedQueries {
  readonly #organizations = new LRUCache<string, LRUCache<string, string>>({ max: organizationsMax });

  find(organizationId: string, sha256Hash: string): string | null {
    return this.#organizations.get(organizationId)?.get(sha256Hash) ?? null;
  }

  /** Keeps a document that may run, but for a very long one. */
  keep(organizationId: string, sha256Hash: string, query: string): void {
    let documents = this.#organizations.get(organizationId);
    if (documents === undefined) {
      documents = new LRUCache({
        max: documentsMax,
        maxSize: charactersMax,
        maxEntrySize: documentCharactersMax,
        sizeCalculation: (text) => text.length,
      });
      this.#organizations.set(organizationId, documents);
    }
    documents.set(sha256Hash, query);
  }

  get size(): number {
    let size = 0;
    for (const documents of this.#organizations.values()) size += documents.size;
    return size;
  }
}

export function hasHash(query: string, sha256Hash: string): boolean {
  return createHash('sha256').update(query).digest('hex') === sha256Hash;
}
