const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** A UUID of any version in lower case, as PostgreSQL prints it; null for any other text. */
export function parseUuid(text: string): string | null {
  const canonical = text.toLowerCase();
  return uuid.test(canonical) ? canonical : null;
}
