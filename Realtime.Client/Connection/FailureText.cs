using System.Net.WebSockets;

namespace Realtime.Client.Connection;

/// <summary>Says in a few words why a connection is not there. Error messages themselves are not shown: they may quote what an application put into them.</summary>
internal static class FailureText
{
    public static string Of(Exception? error, string otherwise) => error switch
    {
        AccessDeniedException => "the access token belongs to another user",
        ServerAnswerException { Status: System.Net.HttpStatusCode.Unauthorized } => "the access token was refused",
        ServerAnswerException { Status: (System.Net.HttpStatusCode)429 } => "the server asks to come back later",
        ServerAnswerException answer => $"the server answered {(int)answer.Status}",
        TimeoutException or OperationCanceledException => "the server did not answer in time",
        HttpRequestException or WebSocketException or IOException => "the server cannot be reached",
        _ => otherwise,
    };
}
