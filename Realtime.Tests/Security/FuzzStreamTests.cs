using CsCheck;
using Microsoft.AspNetCore.Http;
using Realtime.Contracts;
using Realtime.Server.Api;

namespace Realtime.Tests.Security;

/// <summary>Ids of server-sent events, as a header and in the query: taken or refused as the contract says, whatever they are.</summary>
public sealed class FuzzStreamTests
{
    static readonly Gen<(string? Header, string? After, string? Named)> Requests = Gen.Select(
        Gen.Frequency((1, Gen.Const((string?)null)), (1, Gen.Const((string?)string.Empty)), (6, FuzzInputs.Position.Select(p => (string?)p))),
        Gen.Frequency((2, Gen.Const((string?)null)), (3, FuzzInputs.Position.Select(p => (string?)p))),
        Gen.Frequency((6, Gen.Const((string?)null)), (2, Gen.OneOf((string?)"true", "false")), (1, FuzzInputs.Text.Select(t => (string?)t))));

    [Test]
    public Task Fuzzed_ids_are_read_as_the_contract_says() => Fuzz.RunAsync("ids of server-sent events", Requests, Fuzz.Inputs(10_000), request =>
    {
        var context = new DefaultHttpContext();
        if (request.Header is not null) context.Request.Headers["Last-Event-ID"] = request.Header;
        var query = new QueryString();
        if (request.After is not null) query = query.Add("after", Sent(request.After));
        if (request.Named is not null) query = query.Add("named", Sent(request.Named));
        context.Request.QueryString = query;

        var read = EventStreamEndpoint.Read(context.Request);

        bool isHeaderGood = string.IsNullOrEmpty(request.Header) || FuzzReference.IsPosition(request.Header);
        bool isAfterGood = request.After is null || FuzzReference.IsPosition(Sent(request.After));
        bool isNamedGood = request.Named is null or "true" or "false";
        (read.Fault is null).Should().Be(isHeaderGood && isAfterGood && isNamedGood);
        if (read.Fault is not null) return;
        string? expected = string.IsNullOrEmpty(request.Header) ? request.After : request.Header;
        read.After?.ToString().Should().Be(expected);
        read.IsNamed.Should().Be(request.Named != "false");
    });

    /// <summary>Half of a surrogate pair cannot be sent; what arrives is the replacement character.</summary>
    static string Sent(string text) => new([.. text.EnumerateRunes().SelectMany(r => r.ToString())]);
}
