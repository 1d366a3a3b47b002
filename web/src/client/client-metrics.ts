/** What a client has seen and put right since it was started. A snapshot: ask again for newer numbers. */
export interface ClientMetrics {
  /** Events whose handlers have finished, parked ones included. */
  readonly delivered: number;
  /**
   * Times that something was missing, live or after a loss of the connection, and was there again. A doubt that only the server could
   * settle counts too; being behind at the start does not.
   */
  readonly gapsHealed: number;
  /** Events that came more than once and were handed over once. */
  readonly duplicatesDropped: number;
}
