/** What the gateway tells the page: a key to begin with, the currency, and which pages there are to link to. */
export interface Settings {
  readonly demoKey: string | null;
  /** Of ISO 4217; null: costs are shown without one. */
  readonly currency: string | null;
  readonly graphiql: boolean;
  readonly docs: boolean;
  readonly landing: boolean;
}

export const settings: Settings = JSON.parse(document.getElementById('settings')?.textContent ?? '{}');
