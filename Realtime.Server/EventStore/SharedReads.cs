using Realtime.Contracts;

namespace Realtime.Server.EventStore;

/// <summary>
/// Reads of clients that fell behind, many of them in one query: questions that arrive while reads are under way share the next
/// one, without a timer. Equal questions share one answer. Where the store cannot do that, each is read alone. Thread-safe.
/// </summary>
/// <remarks>
/// Nobody waits for somebody else's large answer: it is left out of the shared read and read alone. A shared read that fails
/// for another reason than an absent store is repeated one by one, so a stream that cannot be read fails alone.
/// </remarks>
internal sealed class SharedReads(IEventStore store, TimeProvider time)
{
    /// <summary>Bytes of one answer in a shared read: the usual gap after a cut is far smaller.</summary>
    internal const int MaxSharedBytes = 64 * 1024;

    internal const int MaxQuestionsPerRead = 64;

    /// <summary>While this server takes in one answer, the database works on the next.</summary>
    internal const int MaxReads = 2;

    /// <summary>How long a reader waits, as long as a statement may take by default.</summary>
    private static readonly TimeSpan Timeout = PostgresDatabase.DefaultCommandTimeout;

    private readonly IManyStreams? _many = store as IManyStreams;
    private readonly Lock _lock = new();
    private readonly Queue<Waiter> _waiting = new();
    private int _running;

    /// <inheritdoc cref="IEventStore.ReadAfterAsync"/>
    /// <exception cref="StoreUnavailableException">The database does not answer.</exception>
    public async Task<StreamRead> ReadAfterAsync(StreamQuestion question, CancellationToken cancellationToken)
    {
        if (_many is null) return await ReadAloneAsync(question, cancellationToken);
        var waiter = new Waiter(question, cancellationToken);
        bool isFirst;
        lock (_lock)
        {
            _waiting.Enqueue(waiter);
            isFirst = _running < MaxReads;
            if (isFirst) _running++;
        }

        if (isFirst) _ = ReadUntilNobodyWaitsAsync(_many);
        StreamRead? read;
        try
        {
            read = await waiter.Answer.Task.WaitAsync(Timeout, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            throw new StoreUnavailableException($"The events of {question.UserId} were not read within {Timeout}.");
        }

        return read ?? await ReadAloneAsync(question, cancellationToken);
    }

    /// <summary>Never throws: what it meets, those who wait are told.</summary>
    private async Task ReadUntilNobodyWaitsAsync(IManyStreams many)
    {
        while (TakeWaiting() is { } batch) await AnswerAsync(many, batch);
    }

    /// <returns>Who waits, by what is asked; <see langword="null"/> when nobody does, and then this reader has ended.</returns>
    private Dictionary<StreamQuestion, List<Waiter>>? TakeWaiting()
    {
        lock (_lock)
        {
            var batch = new Dictionary<StreamQuestion, List<Waiter>>();
            while (batch.Count < MaxQuestionsPerRead && _waiting.TryDequeue(out var waiter))
            {
                if (waiter.CancellationToken.IsCancellationRequested) continue; // has gone already
                if (batch.TryGetValue(waiter.Question, out var others)) others.Add(waiter);
                else batch.Add(waiter.Question, [waiter]);
            }

            if (batch.Count > 0) return batch;
            _running--;
            return null;
        }
    }

    private static async Task AnswerAsync(IManyStreams many, Dictionary<StreamQuestion, List<Waiter>> batch)
    {
        try
        {
            StreamQuestion[] questions = [.. batch.Keys];
            var reads = await many.ReadManyAfterAsync(questions, MaxSharedBytes, CancellationToken.None);
            for (int i = 0; i < questions.Length; i++)
            {
                foreach (var waiter in batch[questions[i]]) waiter.Answer.TrySetResult(reads[i]);
            }
        }
        catch (StoreUnavailableException fault)
        {
            foreach (var waiter in batch.Values.SelectMany(w => w)) waiter.Fail(fault);
        }
        catch (Exception)
        {
            // Whose stream it was is not known, so each finds out alone.
            foreach (var waiter in batch.Values.SelectMany(w => w)) waiter.Answer.TrySetResult(null);
        }
    }

    private Task<StreamRead> ReadAloneAsync(StreamQuestion question, CancellationToken cancellationToken) =>
        store.ReadAfterAsync(question.UserId, question.After, question.Time, question.Limit, cancellationToken);

    private sealed record Waiter(StreamQuestion Question, CancellationToken CancellationToken)
    {
        public TaskCompletionSource<StreamRead?> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Whoever asked may have gone; then nobody looks at the fault, and nothing is to call it unobserved.</summary>
        public void Fail(Exception fault)
        {
            if (Answer.TrySetException(fault)) _ = Answer.Task.Exception;
        }
    }
}
