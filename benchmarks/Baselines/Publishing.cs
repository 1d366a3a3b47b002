using Microsoft.AspNetCore.SignalR;

namespace Realtime.Baselines;

/// <summary>Stores the event where there is a table, then sends it; the publisher waits for both.</summary>
internal sealed class Publishing(IHubContext<EventHub> hubs, EventTable? table)
{
    public async Task<Receipt> PublishAsync(PublishRequest request)
    {
        var id = Guid.CreateVersion7();
        var time = table is null ? TimeProvider.System.GetUtcNow().UtcDateTime : await table.InsertAsync(id, request);
        await hubs.Clients.Group(request.UserId).SendAsync("ReceiveEvent", new EventMessage(id, request.Type, time, request.Data));
        return new Receipt(id, time);
    }

    public async Task<List<Receipt>> PublishAsync(PublishRequest[] requests)
    {
        var receipts = new List<Receipt>(requests.Length);
        foreach (var request in requests) receipts.Add(await PublishAsync(request));
        return receipts;
    }
}
