using Realtime.Client.Testing.Access;

namespace Realtime.Client.Testing;

/// <summary>What a test has broken at the moment. Thread-safe.</summary>
internal sealed class TestFaults
{
    private volatile Refusal? _refusal;

    /// <summary>Closed: the store does not answer.</summary>
    public Gate StoreDoor { get; } = new();

    /// <summary>Closed: answers to requests for events wait.</summary>
    public Gate AnswerDoor { get; } = new();

    /// <summary>Closed: the token provider of the server's client options waits.</summary>
    public Gate TokenDoor { get; } = new();

    /// <summary>What every request and handshake is answered with, as if by a proxy in front.</summary>
    public Refusal? Refusal
    {
        get => _refusal;
        set => _refusal = value;
    }
}

/// <summary>An answer that stands in for the server's own.</summary>
internal sealed record Refusal(int Status, TimeSpan? RetryAfter);
