namespace Realtime.Server.Publishing;

/// <summary>The event store cannot append in the transaction given; nothing was stored, and the transaction is as it was.</summary>
public sealed class UnsuitableTransactionException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">Why, and what would do.</param>
    public UnsuitableTransactionException(string message)
        : base(message)
    {
    }
}
