using System.Data.Common;
using Realtime.Contracts;
using Realtime.Contracts.Rest;
using Realtime.Contracts.Serialization;
using Realtime.Server.EventStore;
using Realtime.Server.Telemetry;

namespace Realtime.Server.Publishing;

/// <summary>Rules, then the append queue; the queue hands committed events to the fan-out.</summary>
internal sealed class AgentEventPublisher(EventTypes types, EventRules rules, AppendQueue queue, TransactionAppend transactions) : IAgentEventPublisher
{
    public async Task<PublishReceipt> PublishAsync(PublishRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        using var span = ServerTracing.StartPublish(events: 1);
        try
        {
            var candidate = ServerTracing.WithContext(rules.Check(request, index: null));
            var stored = await queue.AppendAsync(new AppendUnit([candidate]), cancellationToken);
            return Receipt(candidate, stored[0]);
        }
        catch (Exception fault)
        {
            ServerTracing.Failed(span, fault);
            throw;
        }
    }

    public Task<PublishReceipt> PublishAsync<T>(string userId, T data, Guid? id = null, CancellationToken cancellationToken = default)
        where T : class => PublishAsync(Request(userId, data, id), cancellationToken);

    public async Task<IReadOnlyList<PublishReceipt>> PublishAsync(IReadOnlyList<PublishRequest> requests, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(requests);
        if (requests.Count is < 1 or > EventRules.MaxArray)
            throw new InvalidEventException("events", $"are {requests.Count}; 1 to {EventRules.MaxArray} are allowed");

        using var span = ServerTracing.StartPublish(requests.Count);
        try
        {
            return await PublishUnitAsync(requests, cancellationToken);
        }
        catch (Exception fault)
        {
            ServerTracing.Failed(span, fault);
            throw;
        }
    }

    public async Task<AppendReceipt> AppendAsync(DbTransaction transaction, PublishRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        ArgumentNullException.ThrowIfNull(request);
        using var span = ServerTracing.StartPublish(events: 1);
        try
        {
            return await transactions.AppendAsync(transaction, ServerTracing.WithContext(rules.Check(request, index: null)), cancellationToken);
        }
        catch (Exception fault)
        {
            ServerTracing.Failed(span, fault);
            throw;
        }
    }

    public async Task<AppendReceipt> AppendAsync<T>(
        DbTransaction transaction, string userId, T data, Guid? id = null, CancellationToken cancellationToken = default)
        where T : class => await AppendAsync(transaction, Request(userId, data, id), cancellationToken);

    private async Task<IReadOnlyList<PublishReceipt>> PublishUnitAsync(IReadOnlyList<PublishRequest> requests, CancellationToken cancellationToken)
    {
        // An id that occurs twice in the array is one event: it is appended once, and its later occurrences are its duplicates.
        var unique = new List<NewEvent>(requests.Count);
        var slots = new int[requests.Count];
        var seen = new Dictionary<(string UserId, Guid Id), int>(requests.Count);
        for (int i = 0; i < requests.Count; i++)
        {
            var candidate = ServerTracing.WithContext(rules.Check(requests[i], i));
            if (!seen.TryGetValue((candidate.UserId, candidate.Id), out slots[i]))
            {
                slots[i] = unique.Count;
                seen.Add((candidate.UserId, candidate.Id), slots[i]);
                unique.Add(candidate);
            }
        }

        var stored = await queue.AppendAsync(new AppendUnit(unique), cancellationToken);

        var receipts = new PublishReceipt[requests.Count];
        int acknowledged = 0;
        for (int i = 0; i < receipts.Length; i++)
        {
            var receipt = Receipt(unique[slots[i]], stored[slots[i]]);
            bool isFirst = slots[i] == acknowledged;
            if (isFirst) acknowledged++;
            receipts[i] = isFirst ? receipt : receipt with { Duplicate = true };
        }

        return receipts;
    }

    private PublishRequest Request<T>(string userId, T data, Guid? id)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(data);
        return types.TryGet(typeof(T), out var type)
            ? new PublishRequest { UserId = userId, Type = type.Name, Id = id, Data = type.Write(data) }
            : throw new InvalidEventException("type", $"{typeof(T)} is not a registered event type");
    }

    private static PublishReceipt Receipt(NewEvent published, AppendedEvent stored) => new()
    {
        Id = published.Id,
        Position = stored.Position,
        Time = stored.Time,
        Duplicate = stored.IsDuplicate,
    };
}
