import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { SyntaxKind, type Node } from "typescript/unstable/ast";
import { API, SymbolFlags, type Checker, type Project, type Symbol as NamedThing } from "typescript/unstable/sync";
import { describe, expect, it } from "vitest";

const web = fileURLToPath(new URL("../../", import.meta.url));
/** The settings that the package is compiled with. */
const settings = `${web}package/tsconfig.json`;
const source = "/src/client/";

const declarationKinds = new Set<SyntaxKind>([
  SyntaxKind.ClassDeclaration, SyntaxKind.InterfaceDeclaration, SyntaxKind.TypeAliasDeclaration, SyntaxKind.FunctionDeclaration,
  SyntaxKind.EnumDeclaration, SyntaxKind.VariableDeclaration,
]);
const memberKinds = new Set<SyntaxKind>([
  SyntaxKind.PropertySignature, SyntaxKind.PropertyDeclaration, SyntaxKind.MethodSignature, SyntaxKind.MethodDeclaration,
  SyntaxKind.GetAccessor, SyntaxKind.SetAccessor, SyntaxKind.Constructor, SyntaxKind.CallSignature, SyntaxKind.ConstructSignature,
  SyntaxKind.IndexSignature, SyntaxKind.EnumMember,
]);

/** The parts that only some kinds of node have. */
type Part = Node & {
  readonly name?: Node;
  readonly body?: Node;
  readonly modifiers?: Iterable<Node>;
  readonly members?: Iterable<Node>;
};

/** What index.ts exports, what of this source those declarations name in turn, and every member of theirs that an application can reach. */
class PublicSurface {
  readonly members: string[] = [];
  readonly withoutComment: string[] = [];
  readonly #checker: Checker;
  readonly #seen = new Set<number>();

  constructor(project: Project) {
    this.#checker = project.checker;
    const index = project.program.getSourceFile(`${web}src/client/index.ts`);
    const module = index && this.#checker.getSymbolAtLocation(index);
    if (module === undefined) throw new Error("index.ts is not a module of the package.");
    for (const exported of this.#checker.getExportsOfModule(module)) this.#follow(exported);
  }

  #follow(name: NamedThing): void {
    const symbol = (name.flags & SymbolFlags.Alias) === 0 ? name : this.#checker.getAliasedSymbol(name);
    if (this.#seen.has(symbol.id)) return;
    this.#seen.add(symbol.id);
    const declarations = symbol.declarations
      .filter(handle => declarationKinds.has(handle.kind) && handle.path.includes(source))
      .map(handle => handle.resolve() as Part);
    const overloads = declarations.filter(declaration => declaration.body === undefined);
    for (const declaration of overloads.length > 0 ? overloads : declarations) this.#record(declaration, symbol.name);
  }

  #record(node: Part, name: string): void {
    this.members.push(name);
    if (!hasComment(node)) this.withoutComment.push(`${name} (${placeOf(node)})`);
    this.#visit(node, name);
  }

  #visit(node: Node, owner: string): void {
    node.forEachChild((child: Part) => {
      if (isHidden(child)) return;
      if (memberKinds.has(child.kind)) {
        this.#record(child, `${owner}.${nameOf(child)}`);
        return;
      }
      const named = child.kind === SyntaxKind.Identifier ? this.#checker.getSymbolAtLocation(child) : undefined;
      if (named !== undefined) this.#follow(named);
      this.#visit(child, owner);
    });
  }
}

function isHidden(node: Part): boolean {
  return node.kind === SyntaxKind.Block
    || node.name?.kind === SyntaxKind.PrivateIdentifier
    || [...(node.modifiers ?? [])].some(modifier => modifier.kind === SyntaxKind.PrivateKeyword)
    || (memberKinds.has(node.kind) && node.body !== undefined && isImplementation(node));
}

/** Only the overloads of a method can be called, not what stands below them. */
function isImplementation(method: Part): boolean {
  const siblings = [...((method.parent as Part).members ?? [])] as Part[];
  return siblings.some(other => other.kind === method.kind && other.body === undefined && nameOf(other) === nameOf(method));
}

function nameOf(member: Part): string {
  return member.name?.getText() ?? (member.kind === SyntaxKind.Constructor ? "constructor" : "()");
}

function hasComment(node: Node): boolean {
  // A variable's comment stands before the statement.
  const host = node.kind === SyntaxKind.VariableDeclaration ? node.parent.parent : node;
  return (host.jsDoc ?? []).some(comment => /\w/.test(comment.getFullText()));
}

function placeOf(node: Node): string {
  const file = node.getSourceFile();
  return `${basename(file.fileName)}:${file.text.slice(0, node.getStart()).split("\n").length}`;
}

/** @param change what a file is to hold instead; undefined: what it holds */
function walk(change: (path: string) => string | undefined = () => undefined): PublicSurface {
  const api = new API({ cwd: web, fs: { readFile: change } });
  try {
    const project = api.updateSnapshot({ openProjects: [settings] }).getProject(settings);
    if (project === undefined) throw new Error(`${settings} is not a project.`);
    return new PublicSurface(project);
  } finally {
    api.close();
  }
}

describe("the comments of the package", () => {
  it("are on everything that index.ts exports and on each member of it", () => {
    const { members, withoutComment } = walk();

    expect(withoutComment).toEqual([]);
    expect(members.length).toBeGreaterThan(160);
    expect(members).toEqual(expect.arrayContaining([
      "AgentEventsClient.stop", "AgentEventsClient.constructor", "AgentEventsClientOptions.jitter", "ConnectionState.nextAttemptAt",
      "StartFrom.time", "RestError.isWrongUser", "backoffDelay", "Transport", "HubLink.getHead",
    ]));
    // Two overloads, and not what stands below them.
    expect(members.filter(member => member === "AgentEventsClient.on")).toHaveLength(2);
    expect(members.filter(member => member.includes("#"))).toEqual([]);
  });

  it("are missed one by one where they are taken away", () => {
    const { withoutComment } = walk(path => path.endsWith(`${source}rest-api.ts`)
      ? readFileSync(path, "utf8").replace(/^ *\/\*\*[^\n]*\*\/\n(?= *readonly status:)/m, "")
      : undefined);

    expect(withoutComment.filter(place => place.includes("rest-api.ts"))).toEqual([
      expect.stringMatching(/^RestError\.status \(rest-api\.ts:\d+\)$/),
    ]);
  });

  it("are missed everywhere when there are none", () => {
    const { members, withoutComment } = walk(path => path.includes(source) && path.endsWith(".ts")
      ? readFileSync(path, "utf8").replace(/\/\*\*[^]*?\*\//g, "")
      : undefined);

    expect(withoutComment).toHaveLength(members.length);
  });
});
