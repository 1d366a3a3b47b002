namespace Realtime.Server.EventStore.Schema;

/// <summary>The database was upgraded by a newer release; this one would damage it.</summary>
internal sealed class SchemaTooNewException(int found, int known)
    : Exception($"The database schema has version {found}, but this release knows only versions up to {known}: run the newer release, or use another database.");
