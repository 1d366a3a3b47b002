namespace Realtime.Server.EventStore;

/// <summary>The database role may not do what the server needs: the schema is older than this release, or the role was never granted its rights.</summary>
internal sealed class DatabaseRightsException(string role, string what, Exception? inner = null)
    : Exception(
        $"The database role '{role}' cannot run this release: {what.ReplaceLineEndings(" ")}. As the owner of the schema run once, and after each upgrade: "
        + $"Realtime.Server schema upgrade --server-role {role}",
        inner);
