import { HttpTransportType, HubConnectionBuilder, LogLevel } from "@microsoft/signalr";
import type { HubLink, HubLinkEvents } from "./hub-link";

/**
 * The only place that knows SignalR. WebSockets without negotiation need no sticky sessions; SignalR's own
 * reconnect stays off, because it retries neither the first connect nor a refused one.
 */
export function openSignalRLink(url: string, accessToken: string, events: HubLinkEvents): HubLink {
  const connection = new HubConnectionBuilder()
    .withUrl(url, {
      skipNegotiation: true,
      transport: HttpTransportType.WebSockets,
      accessTokenFactory: () => accessToken,
    })
    // Its log lines carry the URL, and the URL carries the token.
    .configureLogging(LogLevel.None)
    .build();
  connection.on("ReceiveEvent", (envelope: unknown) => events.event(envelope));
  connection.on("ReceiveHead", (position: unknown) => events.head(position));
  connection.on("ReceiveReconnect", (afterMs: unknown) => events.reconnect(afterMs));
  connection.onclose(error => events.closed(error));
  return {
    start: () => connection.start(),
    getHead: () => connection.invoke<unknown>("GetHead"),
    renewToken: token => connection.invoke<number>("RenewToken", token),
    stop: () => connection.stop(),
  };
}
