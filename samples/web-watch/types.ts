import { AgentEventsClient, serverCursor, type AgentEvent, type AgentStepCompleted, type ConnectionState } from "@realtime/agent-events";

/** The types of the package as an application uses them: compiled by a test, never run. */
export function watch(serverUrl: string, userId: string, token: string): AgentEventsClient {
  const client = new AgentEventsClient({
    serverUrl, userId, accessTokenProvider: async () => token, cursorStore: serverCursor("types"),
    onState: (state: ConnectionState) => console.log(state.name === "reconnecting" ? state.nextAttemptAt : state.name),
  });
  client.on("agent.step_completed", (event: AgentEvent<AgentStepCompleted>) => console.log(event.data.stepName.length));
  client.on<{ readonly orderId: number }>("orders.placed", event => console.log(event.data.orderId));
  return client;
}
