/** What a client has seen and put right since it was started. */
export interface ClientMetrics {
  /** Events handed to the application. */
  readonly delivered: number;
  /** Times that something was missing, live or after a loss of the connection, and was fetched before anything later was handed over. */
  readonly gapsHealed: number;
  /** Events that came more than once and were handed over once. */
  readonly duplicatesDropped: number;
}
