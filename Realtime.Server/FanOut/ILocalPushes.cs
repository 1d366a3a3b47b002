using Realtime.Contracts;

namespace Realtime.Server.FanOut;

/// <summary>Pushes to the connections of this node, without any other node. Thread-safe.</summary>
internal interface ILocalPushes
{
    /// <summary>Names of all groups with a connection here.</summary>
    IEnumerable<string> Names { get; }

    /// <summary>Names of those groups of which it is unknown how far they have been pushed.</summary>
    IEnumerable<string> Unknown { get; }

    LocalGroup? Find(string name);

    /// <summary>Pushes to the connections of this node only.</summary>
    void SendLocal(LocalGroup group, string methodName, object argument);

    /// <summary>Tells the connections of this node the head of their stream; from there on its events count as pushed.</summary>
    void Announce(LocalGroup group, StreamPosition head);
}
