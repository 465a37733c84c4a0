import { answerBounds, Durations, type LabelledDurations } from './durations.ts';

type ByStatus = Map<number, Durations>;

// Callers may send any method that HTTP's grammar has.
const methods = new Set(['GET', 'HEAD', 'POST', 'DELETE', 'OPTIONS', 'PUT', 'PATCH']);

/** Requests by route template, method and status: as many series as there are routes, whatever callers send. */
export class RequestMetrics {
  readonly labelNames = ['route', 'method', 'status'];
  readonly series: LabelledDurations[] = [];
  readonly #known = new Map<string, Map<string, ByStatus>>();
  inProgress = 0;

  started(): void {
    this.inProgress += 1;
  }

  /** `template`: the path of the route as it is registered. */
  ended(template: string, method: string, status: number, ms: number): void {
    this.inProgress -= 1;
    const known = this.#known.get(template)?.get(method)?.get(status);
    (known ?? this.#add(template, method, status)).record(ms);
  }

  #add(template: string, method: string, status: number): Durations {
    const listed = methods.has(method) ? method : 'other';
    const byMethod = this.#known.get(template) ?? new Map<string, ByStatus>();
    const byStatus = byMethod.get(listed) ?? new Map<number, Durations>();
    this.#known.set(template, byMethod.set(listed, byStatus));
    let durations = byStatus.get(status);
    if (durations === undefined) {
      durations = new Durations(answerBounds);
      byStatus.set(status, durations);
      this.series.push({ labels: [toRoute(template) ?? 'none', listed, String(status)], durations });
    }
    return durations;
  }
}

/** `/calls/:id` as documents have it, `/calls/{id}`; null for what only the middleware of all paths matched. */
export function toRoute(template: string): string | null {
  if (template === '*' || template === '/*') return null;
  return template.replaceAll(/:(\w+)/g, '{$1}');
}
