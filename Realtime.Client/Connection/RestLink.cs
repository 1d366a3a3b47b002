#if !NET
using System.Diagnostics;
#endif
using System.Net;
using System.Net.Http.Headers;
using Realtime.Client.Recovery;
using Realtime.Contracts;

namespace Realtime.Client.Connection;

/// <summary>An answer of the server, read as a whole.</summary>
internal sealed record RestAnswer(HttpStatusCode Status, byte[] Body, TimeSpan? RetryAfter)
{
    public bool IsSuccess => (int)Status is >= 200 and < 300;

    /// <summary>The exception for a status that the caller has no other use for.</summary>
    public ServerAnswerException ToException()
    {
        var problem = Problem.Read(Body);
        return new ServerAnswerException(Status, problem.Type, problem.Describe(Status), RetryAfter);
    }
}

/// <summary>Sends single requests with a token, and once more with a fresh one after a 401. Retries nothing else. Thread-safe.</summary>
internal sealed class RestLink : IDisposable
{
    private const long MaxAnswerBytes = 32 * 1024 * 1024;
    private const string EventStream = "text/event-stream";
#if !NET
    private const int MaxConnections = 16;
#endif

    private readonly HttpClient _http;
    private readonly string _baseUrl;
    private readonly TokenSource _tokens;
    private readonly TimeProvider _time;

    public RestLink(Uri serverUrl, TokenSource tokens, HttpMessageHandler? handler, TimeProvider time)
    {
        _baseUrl = serverUrl.GetLeftPart(UriPartial.Path).TrimEnd('/');
        _tokens = tokens;
        _time = time;
        _http = new HttpClient(handler ?? CreateHandler(), disposeHandler: handler is null)
        {
            Timeout = Timeout.InfiniteTimeSpan, // the callers limit each attempt by the injected clock
            MaxResponseContentBufferSize = MaxAnswerBytes,
        };
    }

    /// <param name="method">HTTP method.</param>
    /// <param name="pathAndQuery">Path of the contract, with its query.</param>
    /// <param name="json">Body, if any.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public async Task<RestAnswer> SendAsync(HttpMethod method, string pathAndQuery, byte[]? json, CancellationToken cancellationToken)
    {
        var answer = await SendOnceAsync(method, pathAndQuery, json, cancellationToken).ConfigureAwait(false);
        return answer.Status == HttpStatusCode.Unauthorized
            ? await SendOnceAsync(method, pathAndQuery, json, cancellationToken).ConfigureAwait(false)
            : answer;
    }

    /// <summary>Begins a request whose answer is a stream of server-sent events, with exactly this token.</summary>
    /// <returns>The answer, of which only the headers have arrived; the caller disposes it.</returns>
    /// <exception cref="ServerAnswerException">Any other answer.</exception>
    public async Task<HttpResponseMessage> OpenStreamAsync(string pathAndQuery, string token, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, _baseUrl + pathAndQuery);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(EventStream));
        var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
        try
        {
            if (response.IsSuccessStatusCode && response.Content.Headers.ContentType?.MediaType == EventStream) return response;
            byte[] body = response.IsSuccessStatusCode ? [] : await ReadBodyAsync(response, cancellationToken).ConfigureAwait(false);
            throw new RestAnswer(response.StatusCode, body, RetryAfter.Of(response.Headers.RetryAfter, _time)).ToException();
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }

    public void Dispose() => _http.Dispose();

    private async Task<RestAnswer> SendOnceAsync(HttpMethod method, string pathAndQuery, byte[]? json, CancellationToken cancellationToken)
    {
        string token = await _tokens.GetAsync(cancellationToken).ConfigureAwait(false);
        using var request = new HttpRequestMessage(method, _baseUrl + pathAndQuery);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        if (json is not null)
        {
            request.Content = new ByteArrayContent(json);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        }

#if !NET
        // Here HttpClient does not pass the trace on by itself.
        if (Activity.Current is { IdFormat: ActivityIdFormat.W3C } span) request.Headers.TryAddWithoutValidation("traceparent", span.Id);
#endif
        using var response = await _http.SendAsync(request, cancellationToken).ConfigureAwait(false);
        return new RestAnswer(response.StatusCode, await ReadBodyAsync(response, cancellationToken).ConfigureAwait(false), RetryAfter.Of(response.Headers.RetryAfter, _time));
    }

    private static Task<byte[]> ReadBodyAsync(HttpResponseMessage response, CancellationToken cancellationToken) =>
#if NET
        response.Content.ReadAsByteArrayAsync(cancellationToken);
#else
        response.Content.ReadAsByteArrayAsync().OrCancelled(cancellationToken);
#endif

    private static HttpMessageHandler CreateHandler() =>
#if NET
        new SocketsHttpHandler
        {
            PooledConnectionLifetime = TimeSpan.FromMinutes(2), // follows DNS
            AutomaticDecompression = DecompressionMethods.All,
            UseCookies = false,
        };
#else
        new HttpClientHandler
        {
            AutomaticDecompression = DecompressionMethods.GZip | DecompressionMethods.Deflate,
            UseCookies = false,
            MaxConnectionsPerServer = MaxConnections, // .NET Framework grants two, which two streams would fill
        };
#endif
}
