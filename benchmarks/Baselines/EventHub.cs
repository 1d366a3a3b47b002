using Microsoft.AspNetCore.SignalR;

namespace Realtime.Baselines;

/// <summary>One group per user.</summary>
internal sealed class EventHub(JoinedCount joined) : Hub
{
    public override async Task OnConnectedAsync()
    {
        string user = Context.User?.FindFirst("sub")?.Value ?? (string)Context.GetHttpContext()!.Request.RouteValues["user_id"]!;
        await Groups.AddToGroupAsync(Context.ConnectionId, user);
        joined.Add();
    }

    public override Task OnDisconnectedAsync(Exception? exception)
    {
        joined.Remove();
        return Task.CompletedTask;
    }
}
