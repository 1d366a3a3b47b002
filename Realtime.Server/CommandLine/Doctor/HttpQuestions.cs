using System.Globalization;

namespace Realtime.Server.CommandLine.Doctor;

/// <summary>What the checks over HTTP have in common.</summary>
internal static class HttpQuestions
{
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(8);

    /// <summary>Whether it is an answer of the network or the server, not a cancelled command.</summary>
    internal static bool IsFailure(Exception fault, CancellationToken cancellationToken) =>
        fault is HttpRequestException || (fault is OperationCanceledException && !cancellationToken.IsCancellationRequested);

    internal static string Words(Exception fault) => fault switch
    {
        OperationCanceledException => string.Create(CultureInfo.InvariantCulture, $"no answer within {Patience.TotalSeconds:0} s"),
        HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError } => "its name cannot be resolved",
        HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } tls => $"TLS fails: {tls.InnerException?.Message ?? tls.Message}",
        HttpRequestException { StatusCode: { } status } => string.Create(CultureInfo.InvariantCulture, $"it answers {(int)status}"),
        HttpRequestException { InnerException: System.Net.Sockets.SocketException socket } => socket.Message,
        _ => fault.Message,
    };

    /// <summary>What to do when there was no answer at all.</summary>
    internal static string Fix(Exception fault) => fault switch
    {
        HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError } => "Correct the host's name in --url, or its DNS entry.",
        HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } => "Correct the certificate (name, chain, expiry), or use http:// for a server without TLS.",
        _ => "Start the server (dotnet run --project Realtime.Server), or correct --url, the port and the firewall between.",
    };
}
