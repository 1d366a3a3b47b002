using Realtime.Harness;
using Realtime.Harness.Processes;

namespace Realtime.Chaos.Clients;

/// <summary>Bundles the JavaScript client with its driver, for Node.</summary>
static class JavaScriptClient
{
    static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>How to start it, or null and why not.</summary>
    internal static async Task<(ClientProgram? Program, string WhyNot)> PrepareAsync(CancellationToken ct)
    {
        var web = Path.Combine(RepositoryPaths.Root, "web");
        var rolldown = Path.Combine(web, "node_modules", ".bin", "rolldown");
        if (Executables.FindOnPath("node") is not { } node)
            return (null, "node is not installed");
        if (!File.Exists(rolldown))
            return (null, "the packages of web are not installed (cd web && npm ci)");
        // Below node_modules, where the bundle finds the SignalR client and its WebSocket.
        var bundle = Path.Combine(web, "node_modules", ".cache", "chaos", "client.cjs");
        await using var run = await ProgramRun.StartAsync(node,
            [rolldown, "chaos/client.ts", "--format", "cjs", "--platform", "node", "--external", "@microsoft/signalr", "--file", bundle], web);
        if (await run.WaitForExitAsync(Patience, ct) != 0)
            throw new HarnessException("The JavaScript client could not be bundled:\n" + string.Join('\n', run.Output));
        return (new(node, [bundle]), "");
    }
}
