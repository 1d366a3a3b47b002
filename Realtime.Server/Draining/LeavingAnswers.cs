namespace Realtime.Server.Draining;

/// <summary>
/// Answers of a node that is going away end their connection, so that a client or balancer which keeps connections for its next request
/// opens that one elsewhere, and no request is under way to a socket that is about to close.
/// </summary>
internal sealed class LeavingAnswers(Drain drain)
{
    public void Mark(EndpointBuilder endpoint)
    {
        var next = endpoint.RequestDelegate!;
        endpoint.RequestDelegate = context =>
        {
            // Later versions of HTTP have no such header; there the server tells the whole connection when it stops.
            if (drain.HasBegun && HttpProtocol.IsHttp11(context.Request.Protocol)) context.Response.Headers.Connection = "close";
            return next(context);
        };
    }
}
