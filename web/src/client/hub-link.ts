/** What one connection tells. After `closed` nothing follows. */
export interface HubLinkEvents {
  /** An event was pushed: its envelope as parsed JSON, unchecked. */
  event(envelope: unknown): void;
  /** The head of the stream, as the server read it from the store; `"<epoch>.<sequence>"`, unchecked. */
  head(position: unknown): void;
  /** The server is going away: close, and connect again after so many milliseconds, unchecked, without backoff. */
  reconnect(afterMs: unknown): void;
  /** The connection has ended; without an error the server closed it. */
  closed(error?: Error): void;
}

/** One connection to the server, from handshake to close; never used twice. The seam at which tests script a server. */
export interface HubLink {
  /** The handshake. Rejects when it is refused; given up after 15 s. */
  start(): Promise<void>;
  /**
   * The head of the stream, read after the connection joined its group. Given up after 10 s; an error whose message names
   * `store_unavailable` or `too_many_calls` leaves the connection as it is.
   */
  getHead(): Promise<unknown>;
  /**
   * Seconds until the connection's new expiry. Given up after 10 s; an error whose message names `invalid_token` asks the provider for
   * another token, `user_changed` stops the client.
   */
  renewToken(accessToken: string): Promise<number>;
  /** Closes, also while the handshake is under way. May be called twice. */
  stop(): Promise<void>;
}

/** Makes one connection, which is opened with its `start`; `url` is that of the hub. Asked again for each attempt. */
export type HubLinkFactory = (url: string, accessToken: string, events: HubLinkEvents) => HubLink;
