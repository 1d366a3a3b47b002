namespace Realtime.Server.EventStore.Schema;

/// <summary>What differs between databases when a schema is upgraded.</summary>
internal sealed record SchemaDialect
{
    public static readonly SchemaDialect Postgres = new()
    {
        Folder = "Postgres",
        VersionTableExists = "select to_regclass('realtime.schema_versions') is not null",
        // Nodes that start together upgrade one after the other; the lock ends with the transaction.
        Lock = "select pg_advisory_xact_lock(7781, 1)",
        CreateVersionTable = """
            create schema if not exists realtime;
            create table if not exists realtime.schema_versions (
                version int primary key, name text not null, applied_at timestamptz not null default now());
            """,
        ReadVersions = "select version from realtime.schema_versions",
        AddVersion = "insert into realtime.schema_versions (version, name) values (@Version, @Name)",
    };

    public static readonly SchemaDialect Sqlite = new()
    {
        Folder = "Sqlite",
        VersionTableExists = "select exists (select 1 from sqlite_schema where type = 'table' and name = 'schema_versions')",
        // The transaction itself, begun as a writing one, keeps others out.
        Lock = "select 1",
        CreateVersionTable = """
            create table if not exists schema_versions (
                version integer primary key, name text not null, applied_at text not null default current_timestamp)
            """,
        ReadVersions = "select version from schema_versions",
        AddVersion = "insert into schema_versions (version, name) values (@Version, @Name)",
    };

    /// <summary>Folder of the scripts.</summary>
    public required string Folder { get; init; }

    public required string VersionTableExists { get; init; }

    public required string Lock { get; init; }

    public required string CreateVersionTable { get; init; }

    public required string ReadVersions { get; init; }

    public required string AddVersion { get; init; }
}
