using System.Diagnostics;
using System.Globalization;
using System.Text;
using Npgsql;
using Realtime.Benchmarks.Load;
using Realtime.Benchmarks.Systems;
using Realtime.Contracts;

namespace Realtime.Benchmarks.Scenarios;

/// <summary>What is asked of a store again and again, one question at a time, always of <c>user_0</c>.</summary>
internal sealed class StoreQuestions : IAsyncDisposable
{
    public const string Append = "append";
    public const string After = "after, near the head";
    public const string AfterMiddle = "after, in the middle";
    public const string Since = "since";
    public const string Activity = "activity";
    public const string Head = "head";
    public const string Retention = "retention, 100 events";
    private const int PageSize = 20;
    private const int Trimmed = 100;
    private const string Path = "/api/v1/agents/";

    private readonly SystemUnderTest _system;
    private readonly Audience _audience;
    private readonly Publisher _publisher;
    private readonly HttpSocket _http;
    private readonly NpgsqlConnection _connection;
    private readonly StreamPosition _head;
    private readonly string _since;
    private long _trimmed;

    private StoreQuestions(SystemUnderTest system, Audience audience, Ledger ledger, Publisher publisher, HttpSocket http, NpgsqlConnection connection, StreamPosition head, string since)
    {
        _system = system;
        _audience = audience;
        Ledger = ledger;
        _publisher = publisher;
        _http = http;
        _connection = connection;
        _head = head;
        _since = since;
    }

    public Ledger Ledger { get; }

    public SystemUnderTest System => _system;

    public Audience Audience => _audience;

    public static async Task<StoreQuestions> StartAsync(Stage stage, StoreFilling filling)
    {
        // Two such systems live side by side; without Redis neither hears of the other's user_0.
        var system = await SystemUnderTest.StartAsync(stage, SystemKind.Ours, new SystemOptions
        {
            Prepare = filling.WriteAsync,
            Settings = new Dictionary<string, string?> { ["ConnectionStrings:Redis"] = null },
        });
        var audience = new Audience(system, users: 1);
        await audience.ConnectAsync();
        var head = StreamPosition.Parse(Encoding.ASCII.GetString(audience.Listeners[0].Head));
        var ledger = new Ledger(users: 1, lanes: 1);
        var http = await HttpSocket.ConnectAsync(system.EndPoints[0], system.TokenOf(WireEvent.UserName(0)));
        await http.GetAsync($"{Path}events?after={head.At(head.Sequence - PageSize - 1)}&limit=1");
        string page = Encoding.UTF8.GetString(http.Body.Span);
        int time = page.IndexOf("\"time\":\"", StringComparison.Ordinal) + "\"time\":\"".Length;
        var connection = new NpgsqlConnection(system.ConnectionString + ";Max Auto Prepare=10;Auto Prepare Min Usages=2;Search Path=realtime");
        await connection.OpenAsync();
        return new StoreQuestions(
            system, audience, ledger, await Publisher.ConnectAsync(system, ledger, 0), http, connection, head, page[time..page.IndexOf('"', time)]);
    }

    /// <returns>The question's median time in milliseconds.</returns>
    public async Task<double> AskAsync(string question, int times)
    {
        var took = new double[times];
        for (int i = 0; i < times; i++)
        {
            long start = Stopwatch.GetTimestamp();
            await AskAsync(question);
            took[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }

        return took.Order().ElementAt(times / 2);
    }

    public async ValueTask DisposeAsync()
    {
        _publisher.Dispose();
        _http.Dispose();
        await _connection.DisposeAsync();
        _audience.Dispose();
        await _system.DisposeAsync();
    }

    private Task AskAsync(string question) => question switch
    {
        Append => _publisher.PublishAsync(user: 0).AsTask(),
        After => GetAsync($"events?after={_head.At(_head.Sequence - PageSize)}&limit={PageSize}"),
        AfterMiddle => GetAsync($"events?after={_head.At(_head.Sequence / 2)}&limit={PageSize}"),
        Since => GetAsync($"events?since={_since}&limit={PageSize}"),
        Activity => GetAsync($"activity?limit={PageSize}"),
        Head => _audience.Listeners[0].AskHeadAsync(),
        Retention => TrimAsync(),
        _ => throw new ArgumentOutOfRangeException(nameof(question), question, null),
    };

    private async Task GetAsync(string question)
    {
        int status = await _http.GetAsync(Path + question);
        if (status != 200) throw new IOException($"{question} was answered {status}: {Encoding.UTF8.GetString(_http.Body.Span)}");
    }

    /// <summary>One step of the retention job, by the statements that it uses; the job itself runs every ten minutes.</summary>
    private async Task TrimAsync()
    {
        _trimmed += Trimmed;
        await RunAsync("select user_id, up_to from realtime.find_expired(now() - interval '30 days', 100)");
        await RunAsync("select realtime.raise_oldest('user_0', $1)", _trimmed);
        object? deleted = await RunAsync(string.Create(CultureInfo.InvariantCulture, $"select realtime.delete_trimmed('user_0', {Trimmed})"));
        if (deleted is not Trimmed) throw new InvalidDataException($"{deleted} events deleted instead of {Trimmed}.");
    }

    private async Task<object?> RunAsync(string sql, params object[] parameters)
    {
        await using var command = new NpgsqlCommand(sql, _connection);
        foreach (object parameter in parameters) command.Parameters.AddWithValue(parameter);
        return await command.ExecuteScalarAsync();
    }
}
