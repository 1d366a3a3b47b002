/**
 * A process of many JavaScript clients for ./chaos.sh, each reading one user's stream and writing down what its handler
 * gets. Settings, control file and records are those of the .NET client process (tools/Chaos/Clients); ends on SIGTERM.
 */
import { createHash, createHmac } from "node:crypto";
import { appendFileSync, existsSync, fsyncSync, closeSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { AgentEventsClient, type AgentEvent, type Cursor, type CursorOwner, type CursorStore } from "../src/client/index";

interface Settings {
  readonly serverUrl: string;
  readonly users: readonly string[];
  readonly recordFile: string;
  readonly cursorFolder: string;
  readonly controlFile: string;
  readonly secret: string;
  readonly tokenSeconds: number;
}

interface Control {
  readonly clockOffsetMs: number;
  readonly tokens: "good" | "expired" | "none";
  readonly holdHandlers: boolean;
  readonly holdSaves: boolean;
}

const settings = JSON.parse(readFileSync(process.argv[2]!, "utf8")) as Settings;
const systemNow = Date.now.bind(Date);
let control = readControl();
setInterval(() => { control = readControl(); }, 100);
Date.now = () => systemNow() + control.clockOffsetMs;

function open(user: string): AgentEventsClient {
  let wasConnecting = false;
  const client: AgentEventsClient = new AgentEventsClient({
    serverUrl: `${settings.serverUrl}/`,
    userId: user,
    accessTokenProvider: async () => token(user),
    cursorStore: new FileCursorStore(),
    onHistoryLost: lost => record(`L ${user} ${lost.reason} ${lost.lastProcessed} ${lost.head} ${lost.oldest}`),
    onParked: parked => record(`P ${user} ${parked.event.position}`),
    onState: state => {
      if (wasConnecting && state.name === "catchingUp") record(`C ${user}`);
      wasConnecting = state.name === "connecting" || state.name === "reconnecting";
      if (state.name === "stopped" && state.reason !== "requested") record(`X ${user} ${state.reason} ${String(state.error).replace(/\s+/g, " ")}`);
    },
  });
  client.onEvent(event => handled(user, event));
  return client;
}

async function handled(user: string, event: AgentEvent): Promise<void> {
  if (control.holdHandlers) record(`H ${user}`);
  while (control.holdHandlers) await pause();

  // The data came as compact JSON, so writing it again gives the bytes that were sent.
  const hash = createHash("sha256").update(JSON.stringify(event.data)).digest("hex").slice(0, 16);
  record(`E ${user} ${event.position} ${event.id} ${hash} ${Math.round(systemNow() * 1000)}`);
}

/** One write that has reached the kernel when it returns: a process killed in the next instant has still left it. */
function record(line: string): void {
  appendFileSync(settings.recordFile, `${line}\n`);
}

function readControl(): Control {
  return JSON.parse(readFileSync(settings.controlFile, "utf8")) as Control;
}

function token(user: string): string {
  if (control.tokens === "none") throw new Error("The identity provider does not answer.");
  const now = Math.floor(systemNow() / 1000);
  const life = control.tokens === "expired" ? -60 : settings.tokenSeconds;
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  record(`T ${user}`);
  const input = `${part({ alg: "HS256", typ: "JWT", kid: "chaos" })}.${part({
    sub: user, iss: "https://chaos.test", aud: "realtime", iat: now, exp: now + life,
  })}`;
  return `${input}.${createHmac("sha256", Buffer.from(settings.secret, "base64")).update(input).digest("base64url")}`;
}

/** As a whole or not at all, and on the disk. Writes down where its client begins, and hangs in its saves when told to. */
class FileCursorStore implements CursorStore {
  #hasBegun = false;

  async load(owner: CursorOwner): Promise<Cursor | undefined> {
    const path = pathOf(owner.userId);
    if (!existsSync(path)) return undefined;
    const cursor = JSON.parse(readFileSync(path, "utf8")) as Cursor;
    this.#begin(owner.userId, cursor);
    return cursor;
  }

  async save(owner: CursorOwner, cursor: Cursor): Promise<void> {
    if (this.#hasBegun && control.holdSaves) {
      record(`H ${owner.userId}`);
      while (control.holdSaves) await pause();
    }
    const path = pathOf(owner.userId);
    const file = openSync(`${path}.tmp`, "w");
    writeSync(file, JSON.stringify(cursor));
    fsyncSync(file);
    closeSync(file);
    renameSync(`${path}.tmp`, path);
    this.#begin(owner.userId, cursor);
  }

  #begin(user: string, cursor: Cursor): void {
    if (!this.#hasBegun) record(`B ${user} ${cursor.position}`);
    this.#hasBegun = true;
  }
}

function pause(): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, 50));
}

function pathOf(user: string): string {
  return `${settings.cursorFolder}/${user}.json`;
}

const clients = settings.users.map(open);
for (const client of clients) client.start();
process.on("SIGINT", () => {});
process.on("SIGTERM", () => {
  Promise.all(clients.map(client => client.stop())).then(() => process.exit(0), () => process.exit(1));
});
