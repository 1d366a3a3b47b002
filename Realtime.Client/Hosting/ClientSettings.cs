using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace Realtime.Client.Hosting;

/// <summary>
/// Reads a client's options from a configuration section. By hand and not by the general binder, for three reasons: it works in trimmed and
/// native programs, a misspelt key is told and not ignored, and what is wrong is said by key, value and rule.
/// </summary>
internal sealed class ClientSettings(IConfiguration section, AgentEventsClientOptions options)
{
    private const string CursorFile = "CursorFile";
    private const string ServerCursor = "ServerCursor";
    private const string MaxAttempts = "MaxAttempts";
    private const string Then = "Then";

    private static readonly string[] Keys =
    [
        nameof(AgentEventsClientOptions.ServerUrl), nameof(AgentEventsClientOptions.UserId), CursorFile, ServerCursor,
        nameof(AgentEventsClientOptions.StartFrom), nameof(AgentEventsClientOptions.HandlerFailure), nameof(AgentEventsClientOptions.Transport),
        nameof(AgentEventsClientOptions.LiveBufferCapacity), nameof(AgentEventsClientOptions.PageSize), nameof(AgentEventsClientOptions.CursorSaveInterval),
        nameof(AgentEventsClientOptions.RequestTimeout), nameof(AgentEventsClientOptions.ConnectTimeout), nameof(AgentEventsClientOptions.IdleCheckInterval),
    ];

    private readonly string _path = (section as IConfigurationSection)?.Path ?? string.Empty;
    private readonly List<string> _faults = [];

    /// <summary>Whether the option has a key of its name.</summary>
    public static bool IsKey(string option) => Keys.Contains(option, StringComparer.OrdinalIgnoreCase);

    /// <summary>Sets the options that the section names; what is wrong is kept in them until they are validated.</summary>
    public static void Read(IConfiguration section, AgentEventsClientOptions options) => new ClientSettings(section, options).Read();

    private void Read()
    {
        RefuseUnknown(section, Keys, string.Empty);
        if (Text(nameof(options.ServerUrl)) is { } url)
        {
            if (Uri.TryCreate(url, UriKind.Absolute, out var server)) options.ServerUrl = server;
            else Fail(nameof(options.ServerUrl), url, "an absolute http or https URL");
        }

        if (Text(nameof(options.UserId)) is { } user) options.UserId = user;
        ReadCursorStore();
        ReadStart();
        ReadFailure(section.GetSection(nameof(options.HandlerFailure)));
        ReadTransport();
        if (Number(nameof(options.LiveBufferCapacity)) is { } capacity) options.LiveBufferCapacity = capacity;
        if (Number(nameof(options.PageSize)) is { } size) options.PageSize = size;
        if (Time(nameof(options.CursorSaveInterval)) is { } interval) options.CursorSaveInterval = interval;
        if (Time(nameof(options.RequestTimeout)) is { } request) options.RequestTimeout = request;
        if (Time(nameof(options.ConnectTimeout)) is { } connect) options.ConnectTimeout = connect;
        if (Time(nameof(options.IdleCheckInterval)) is { } idle) options.IdleCheckInterval = idle;

        options.ConfigurationPath = _path;
        options.ConfigurationFaults = [.. options.ConfigurationFaults, .. _faults];
    }

    private void ReadCursorStore()
    {
        string? file = Text(CursorFile);
        string? consumer = Text(ServerCursor);
        try
        {
            if (file is not null && consumer is not null) _faults.Add($"{KeyOf(CursorFile)} and {KeyOf(ServerCursor)} exclude each other.");
            else if (file is not null) options.CursorStore = new FileCursorStore(file);
            else if (consumer is not null) options.CursorStore = new ServerCursorStore(consumer);
        }
        catch (ArgumentException) when (consumer is not null)
        {
            Fail(ServerCursor, consumer, "a name of 1 to 64 letters, digits and _ . -");
        }
        catch (ArgumentException)
        {
            Fail(CursorFile, file!, "the path of a file");
        }
    }

    private void ReadStart()
    {
        switch (Text(nameof(options.StartFrom)))
        {
            case null:
                break;
            case var cursor when Is(cursor, "Cursor"):
                options.StartFrom = StartFrom.Cursor;
                break;
            case var both when Is(both, "CursorElseBeginning"):
                options.StartFrom = StartFrom.CursorElse(StartFrom.Beginning);
                break;
            case var beginning when Is(beginning, "Beginning"):
                options.StartFrom = StartFrom.Beginning;
                break;
            case var head when Is(head, "Head"):
                options.StartFrom = StartFrom.Head;
                break;
            case var other:
                Fail(nameof(options.StartFrom), other, "Cursor, CursorElseBeginning, Beginning or Head");
                break;
        }
    }

    private void ReadTransport()
    {
        if (Text(nameof(options.Transport)) is not { } transport) return;
        if (Is(transport, nameof(ClientTransport.Automatic))) options.Transport = ClientTransport.Automatic;
        else if (Is(transport, nameof(ClientTransport.WebSockets))) options.Transport = ClientTransport.WebSockets;
        else if (Is(transport, nameof(ClientTransport.ServerSentEvents))) options.Transport = ClientTransport.ServerSentEvents;
        else Fail(nameof(options.Transport), transport, "Automatic, WebSockets or ServerSentEvents");
    }

    private void ReadFailure(IConfigurationSection failure)
    {
        RefuseUnknown(failure, [MaxAttempts, Then], nameof(options.HandlerFailure) + ":");
        if (Number($"{nameof(options.HandlerFailure)}:{MaxAttempts}") is { } attempts) options.HandlerFailure = options.HandlerFailure with { MaxAttempts = attempts };
        const string thenKey = nameof(options.HandlerFailure) + ":" + Then;
        if (Text(thenKey) is not { } then) return;
        if (Is(then, nameof(HandlerFailureAction.Stop))) options.HandlerFailure = options.HandlerFailure with { Then = HandlerFailureAction.Stop };
        else if (Is(then, nameof(HandlerFailureAction.Park))) options.HandlerFailure = options.HandlerFailure with { Then = HandlerFailureAction.Park };
        else Fail(thenKey, then, "Stop or Park");
    }

    private void RefuseUnknown(IConfiguration where, string[] known, string prefix)
    {
        foreach (var child in where.GetChildren())
        {
            if (!known.Contains(child.Key, StringComparer.OrdinalIgnoreCase))
                _faults.Add($"{KeyOf(prefix + child.Key)} is no setting of a client. There are: {string.Join(", ", known)}.");
        }
    }

    private string? Text(string key) => section[key];

    private int? Number(string key)
    {
        if (Text(key) is not { } text) return null;
        if (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number)) return number;
        Fail(key, text, "a whole number");
        return null;
    }

    private TimeSpan? Time(string key)
    {
        if (Text(key) is not { } text) return null;
        if (TimeSpan.TryParseExact(text, "c", CultureInfo.InvariantCulture, out var time) && text.Contains(":")) return time; // "10" would be ten days
        Fail(key, text, "a time such as 00:00:10 (hours:minutes:seconds)");
        return null;
    }

    private void Fail(string key, string value, string rule) => _faults.Add($"{KeyOf(key)} is '{value}'; it must be {rule}.");

    private string KeyOf(string key) => _path.Length == 0 ? key : $"{_path}:{key}";

    private static bool Is(string text, string name) => string.Equals(text, name, StringComparison.OrdinalIgnoreCase);
}
