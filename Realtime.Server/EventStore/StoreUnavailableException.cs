namespace Realtime.Server.EventStore;

/// <summary>The event store does not answer, or not in time. What was asked may or may not have happened; asking again with the same ids is safe.</summary>
public sealed class StoreUnavailableException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">What was tried.</param>
    /// <param name="innerException">What the database said.</param>
    public StoreUnavailableException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}
