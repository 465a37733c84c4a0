export type Severity = 'ok' | 'warning' | 'problem';

/** What a look at one thing found. */
export interface Finding {
  readonly check:
    | 'configuration'
    | 'database'
    | 'migrations'
    | 'indexes'
    | 'triggers'
    | 'rights'
    | 'snapshots'
    | 'sums'
    | 'clock'
    | 'time zones'
    | 'settings';
  readonly severity: Severity;
  readonly message: string;
  /** What to do about it; there for all but `ok`. */
  readonly advice?: string;
}

type Check = Finding['check'];

export const ok = (check: Check, message: string): Finding => ({ check, severity: 'ok', message });
export const warning = (check: Check, message: string, advice: string): Finding => ({
  ...{ check, severity: 'warning', message, advice },
});
export const problem = (check: Check, message: string, advice: string): Finding => ({
  ...{ check, severity: 'problem', message, advice },
});
