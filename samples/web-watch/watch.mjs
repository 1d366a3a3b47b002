import { AgentEventsClient } from "@realtime/agent-events";

const [serverUrl = "http://localhost:5080/", userId = "demo"] = process.argv.slice(2);
const accessTokenProvider = async () => {
  const answer = await fetch(new URL("dev/tokens", serverUrl), { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ userId }) });
  return (await answer.json()).accessToken;
};
const client = new AgentEventsClient({ serverUrl, userId, accessTokenProvider, startFrom: { from: "beginning" }, onState: state => console.log(`# ${state.name}`) });
client.onEvent(event => console.log(event.position, event.type, JSON.stringify(event.data)));
client.start();
