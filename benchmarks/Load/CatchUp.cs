using System.Text;
using Realtime.Benchmarks.Systems;

namespace Realtime.Benchmarks.Load;

/// <summary>Fetches what a client has missed, page by page, on a connection of its own.</summary>
internal static class CatchUp
{
    public static async Task FetchAsync(SystemUnderTest system, Listener listener, int index)
    {
        string user = WireEvent.UserName(listener.User);
        using var http = await HttpSocket.ConnectAsync(system.NodeOfClient(index), system.TokenOf(user), index);
        bool hasMore;
        do
        {
            string cursor = system.Kind == SystemKind.Ours ? $"limit=500&after={listener.LastPosition}&time={listener.LastTime}" : $"since={listener.LastTime}";
            int status = await http.GetAsync($"/api/v1/agents/events?user_id={user}&{cursor}");
            if (status != 200) throw new IOException($"The catch-up was answered {status}: {Encoding.UTF8.GetString(http.Body.Span)}");
            hasMore = http.Body.Span.IndexOf("\"hasMore\":true"u8) >= 0;
            listener.Take(http.Body.Span);
        }
        while (hasMore);
    }
}
