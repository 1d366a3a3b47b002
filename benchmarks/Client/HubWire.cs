using System.Buffers;
using System.Text.Json;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Protocol;
using Microsoft.Extensions.Options;
using Realtime.Client.Connection;

namespace Realtime.ClientBenchmarks;

/// <summary>SignalR's JSON protocol as <c>HubLink</c> sets it up, with the argument bound to one type.</summary>
internal sealed class HubWire(Type argument) : IInvocationBinder
{
    private readonly Type[] _parameters = [argument];
    private readonly JsonHubProtocol _protocol = new(Options.Create(MakeOptions()));

    /// <summary>The argument of a push.</summary>
    public object? Read(byte[] frame)
    {
        var input = new ReadOnlySequence<byte>(frame);
        return _protocol.TryParseMessage(ref input, this, out var message) && message is InvocationMessage { Arguments: [var pushed] }
            ? pushed
            : throw new InvalidOperationException("Not a push.");
    }

    public IReadOnlyList<Type> GetParameterTypes(string methodName) => _parameters;

    public Type GetReturnType(string invocationId) => throw new NotSupportedException();

    public Type GetStreamItemType(string streamId) => throw new NotSupportedException();

    private static JsonHubProtocolOptions MakeOptions()
    {
        var options = new JsonHubProtocolOptions();
        HubLink.ConfigureJson(options);
        return options;
    }
}
