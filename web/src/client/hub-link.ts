/** What one connection tells. After `closed` nothing follows. */
export interface HubLinkEvents {
  event(envelope: unknown): void;
  head(position: unknown): void;
  reconnect(afterMs: unknown): void;
  closed(error?: Error): void;
}

/** One connection to the server, from handshake to close; never used twice. The seam at which tests script a server. */
export interface HubLink {
  start(): Promise<void>;
  getHead(): Promise<unknown>;
  /** Seconds until the connection's new expiry. */
  renewToken(accessToken: string): Promise<number>;
  stop(): Promise<void>;
}

export type HubLinkFactory = (url: string, accessToken: string, events: HubLinkEvents) => HubLink;
