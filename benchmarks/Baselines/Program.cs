// What people write with SignalR alone, for comparison. --Baseline plain | plain-auth | naive; see ../README.md.
using Microsoft.AspNetCore.SignalR;
using Npgsql;
using Realtime.Baselines;

var builder = WebApplication.CreateBuilder(args);
string baseline = builder.Configuration["Baseline"] ?? "plain";
builder.Services.AddSignalR().AddStackExchangeRedis(builder.Configuration.GetConnectionString("Redis")!);
builder.Services.AddSingleton<JoinedCount>();
bool hasAuthentication = baseline == "plain-auth";
if (hasAuthentication)
{
    builder.Services.AddAuthentication().AddJwtBearer(o => o.MapInboundClaims = false);
    builder.Services.AddAuthorization();
}

EventTable? table = null;
if (baseline == "naive")
{
    table = new EventTable(NpgsqlDataSource.Create(builder.Configuration.GetConnectionString("Postgres")!));
    await table.CreateAsync();
}

await using var app = builder.Build();
if (hasAuthentication)
{
    app.UseAuthentication();
    app.UseAuthorization();
}

var hub = app.MapHub<EventHub>("/api/v1/ws/agents/{user_id}");
var publish = app.MapGroup("/api/v1/agents/events");
var publishing = new Publishing(app.Services.GetRequiredService<IHubContext<EventHub>>(), table);
publish.MapPost("", async (PublishRequest request) => TypedResults.Json(await publishing.PublishAsync(request), statusCode: 201));
publish.MapPost("/batch", async (PublishRequest[] requests) => TypedResults.Json(await publishing.PublishAsync(requests), statusCode: 201));
if (table is not null)
    app.MapGet("/api/v1/agents/events", async (string user_id, DateTime since) => new { events = await table.ReadSinceAsync(user_id, since) });
if (hasAuthentication)
{
    hub.RequireAuthorization();
    publish.RequireAuthorization();
}

app.MapGet("/joined", (JoinedCount joined) => joined.Count);
await app.RunAsync();
await (table?.DisposeAsync() ?? ValueTask.CompletedTask);
