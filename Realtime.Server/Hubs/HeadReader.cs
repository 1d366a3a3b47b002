using System.Threading.Channels;
using Realtime.Contracts;
using Realtime.Server.EventStore;

namespace Realtime.Server.Hubs;

/// <summary>
/// Reads heads of streams, many users in one query: requests that arrive while a read is under way share the next one.
/// A head is always from a read that <em>started after</em> it was asked for; a client's barrier depends on that. Thread-safe.
/// </summary>
internal sealed class HeadReader(IEventStore store, TimeProvider time) : BackgroundService
{
    /// <summary>How long a caller waits before the store counts as away; its answer must be there within 2 s.</summary>
    internal static readonly TimeSpan Timeout = TimeSpan.FromSeconds(1.75);

    private const int MaxUsersPerRead = 1_000;

    private readonly Channel<Request> _requests = Channel.CreateUnbounded<Request>(new() { SingleReader = true });

    /// <exception cref="StoreUnavailableException">No answer within <see cref="Timeout"/>.</exception>
    public async Task<StreamPosition> ReadAsync(string userId, CancellationToken cancellationToken)
    {
        var request = new Request(userId);
        if (!_requests.Writer.TryWrite(request)) throw new StoreUnavailableException("The server is stopping.");
        try
        {
            return await request.Head.Task.WaitAsync(Timeout, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            throw new StoreUnavailableException($"The head of {userId} was not read within {Timeout}.");
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var batch = new List<Request>();
        try
        {
            while (await _requests.Reader.WaitToReadAsync(stoppingToken))
            {
                batch.Clear();
                while (batch.Count < MaxUsersPerRead && _requests.Reader.TryRead(out var request)) batch.Add(request);
                await AnswerAsync(batch, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Stopping: those who still wait are told below.
        }
        finally
        {
            _requests.Writer.TryComplete();
            while (_requests.Reader.TryRead(out var request)) batch.Add(request);
            foreach (var request in batch) request.Fail(new StoreUnavailableException("The server is stopping."));
        }
    }

    private async Task AnswerAsync(List<Request> batch, CancellationToken stoppingToken)
    {
        try
        {
            var users = batch.Select(r => r.UserId).ToHashSet(StringComparer.Ordinal);
            var heads = await store.ReadHeadsAsync(users, stoppingToken);
            foreach (var request in batch) request.Head.TrySetResult(heads[request.UserId]);
        }
        catch (Exception fault) when (!stoppingToken.IsCancellationRequested)
        {
            var unavailable = fault as StoreUnavailableException ?? new StoreUnavailableException("Heads could not be read.", fault);
            foreach (var request in batch) request.Fail(unavailable);
        }
    }

    private sealed record Request(string UserId)
    {
        public TaskCompletionSource<StreamPosition> Head { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Whoever asked may have gone; then nobody looks at the fault, and nothing is to call it unobserved.</summary>
        public void Fail(Exception fault)
        {
            if (Head.TrySetException(fault)) _ = Head.Task.Exception;
        }
    }
}
