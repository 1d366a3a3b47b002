// A desktop application without a window toolkit: a message loop, a feed that lives on its thread, and a console for a window.
//
//   dotnet run --project samples/DesktopFeed                          the demo user of a server on this machine; Ctrl+C closes the "window"
//   Options: --user demo  --server http://localhost:5080
using System.Net.Http.Json;
using DesktopFeed;
using FeedLibrary;
using Realtime.Client;
using Realtime.Contracts;
using Realtime.Contracts.Rest;
using Realtime.Contracts.Serialization;

var server = new Uri(Option("--server") ?? "http://localhost:5080");
string user = Option("--user") ?? "demo";
using var http = new HttpClient { BaseAddress = server };
var ui = new MessageLoop();
await using var feed = new AgentFeed(new AgentEventsClientOptions { ServerUrl = server, UserId = user, AccessTokenProvider = SignInAsync }, ui);

feed.StatusChanged += (_, _) => Console.WriteLine($"[{(ui.IsCurrent ? "UI thread" : "WRONG THREAD")}] {feed.Status}");
feed.Lines.CollectionChanged += (_, change) => Console.WriteLine($"[{(ui.IsCurrent ? "UI thread" : "WRONG THREAD")}] {change.NewItems![0]}");
Console.CancelKeyPress += (_, e) =>
{
    e.Cancel = true;
    ui.Quit();
};

var starting = feed.StartAsync(CancellationToken.None);
_ = starting.ContinueWith(_ => ui.Quit(), CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
ui.Run();
if (!starting.IsFaulted) return 0;
await Console.Error.WriteLineAsync(starting.Exception!.InnerException!.Message);
return 1;

string? Option(string name) => Array.IndexOf(args, name) is var i and >= 0 && i + 1 < args.Length ? args[i + 1] : null;

async ValueTask<string> SignInAsync(CancellationToken cancellationToken)
{
    using var answer = await http.PostAsJsonAsync(Routes.DevTokens, new DevTokenRequest { UserId = user }, RealtimeJsonContext.Default.DevTokenRequest, cancellationToken);
    answer.EnsureSuccessStatusCode();
    return (await answer.Content.ReadFromJsonAsync(RealtimeJsonContext.Default.DevToken, cancellationToken))!.AccessToken;
}
