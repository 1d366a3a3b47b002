namespace Realtime.Server.Telemetry;

/// <summary>How an event got to the connections of a node; the label <c>path</c>. Stable.</summary>
internal static class PushPath
{
    /// <summary>By the node that committed it, at once.</summary>
    internal const string Publish = "publish";

    /// <summary>By another node, over Redis.</summary>
    internal const string Backplane = "backplane";

    /// <summary>By the head check, because nobody had pushed it.</summary>
    internal const string HeadCheck = "head_check";
}
