namespace Realtime.Client.Telemetry;

/// <summary>How an event came to the client; the label <c>path</c>. Stable.</summary>
internal static class DeliveryPath
{
    public const string Push = "push";
    public const string Fetch = "fetch";
}
