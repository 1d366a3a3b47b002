namespace Realtime.Harness;

/// <summary>A private server could not be found, started or spoken to; the message says what to do.</summary>
public sealed class HarnessException : Exception
{
    public HarnessException(string message) : base(message) { }

    public HarnessException(string message, Exception inner) : base(message, inner) { }
}
