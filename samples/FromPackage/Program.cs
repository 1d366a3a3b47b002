// An application that knows Realtime only as packages. It publishes three briefings and receives them, then exits.
//
//   dotnet pack -o artifacts/packages && dotnet run --project samples/FromPackage                    hosts a server of its own, from Realtime.Server
//   dotnet run --project samples/FromPackage -- --server http://localhost:5080                       a development server that runs already
//   dotnet run --project samples/FromPackage -- --test-server                                        the one for tests, from Realtime.Client.Testing
using System.Net.Http.Json;
using FromPackage;
using Realtime.Client;
using Realtime.Client.Testing;
using Realtime.Contracts;
using Realtime.Contracts.Events;
using Realtime.Contracts.Rest;
using Realtime.Contracts.Serialization;
using Realtime.Server;

if (args.Contains("--test-server"))
{
    await using var testServer = await AgentEventsTestServer.StartAsync();
    return await RunAsync(testServer.Url, testServer.ClientOptions("from_package").AccessTokenProvider!, testServer.PublisherOptions().AccessTokenProvider!);
}

if (args is ["--server", var url]) return await RunAsync(new Uri(url), ct => SignInAsync(new Uri(url), ct), ct => SignInAsync(new Uri(url), ct, Scopes.Publish));

var folder = Directory.CreateTempSubdirectory("from-package-");
var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = Environments.Development, ContentRootPath = folder.FullName });
builder.Logging.SetMinimumLevel(LogLevel.Warning);
builder.WebHost.UseUrls("http://127.0.0.1:0");
builder.Configuration["Realtime:DrainWindow"] = "00:00:00"; // when it stops, nobody is connected any more
builder.AddRealtimeServer();
var app = builder.Build();
app.MapRealtime();
await app.StartAsync();
var own = new Uri(app.Urls.Single());
int result = await RunAsync(own, ct => SignInAsync(own, ct), ct => SignInAsync(own, ct, Scopes.Publish));
await app.DisposeAsync();
folder.Delete(recursive: true);
return result;

static async Task<int> RunAsync(Uri server, Func<CancellationToken, ValueTask<string>> readerToken, Func<CancellationToken, ValueTask<string>> publisherToken)
{
    var host = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
    host.Services.AddSingleton<Inbox>();
    host.Services.AddAgentEventsClient(options =>
    {
        options.ServerUrl = server;
        options.UserId = "from_package";
        options.AccessTokenProvider = readerToken;
        options.StartFrom = StartFrom.CursorElse(StartFrom.Beginning);
    }).AddHandler<BriefingHandler>();
    using var running = host.Build();
    await running.StartAsync();

    using var publisher = new AgentEventsPublisher(new AgentEventsPublisherOptions { ServerUrl = server, AccessTokenProvider = publisherToken });
    PublishReceipt? last = null;
    for (int i = 1; i <= 3; i++)
        last = await publisher.PublishAsync("from_package", new BriefingDelivered { BriefingId = $"b{i}", Title = $"Briefing {i}", Channel = "email", ItemCount = i });
    using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
    await running.Services.GetRequiredService<AgentEventsClient>().WaitForAsync(last!.Position, patience.Token);
    await running.StopAsync();

    foreach (string title in running.Services.GetRequiredService<Inbox>().Titles) Console.WriteLine(title);
    return 0;
}

static async ValueTask<string> SignInAsync(Uri server, CancellationToken cancellationToken, params string[] scopes)
{
    using var http = new HttpClient { BaseAddress = server };
    using var answer = await http.PostAsJsonAsync(
        Routes.DevTokens, new DevTokenRequest { UserId = "from_package", Scopes = scopes }, RealtimeJsonContext.Default.DevTokenRequest, cancellationToken);
    answer.EnsureSuccessStatusCode();
    return (await answer.Content.ReadFromJsonAsync(RealtimeJsonContext.Default.DevToken, cancellationToken))!.AccessToken;
}
