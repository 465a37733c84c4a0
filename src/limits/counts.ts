/** What limits decided, since the process began. */
export interface LimitCounts {
  /** Requests that an organization had a point for. */
  allowed: number;
  /** Requests and operations that it had not enough points for. */
  refused: number;
  /** Requests of addresses that had sent too many wrong credentials. */
  address_refused: number;
}
