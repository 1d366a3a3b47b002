using System.Buffers;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Protocol;
using Realtime.Contracts;
using Realtime.Contracts.Hub;
using Realtime.Contracts.Serialization;

namespace Realtime.Server.FanOut;

/// <summary>
/// The hub message that carries one event, as SignalR's JSON protocol writes it: made once per event, for all its connections
/// on all nodes, and without the protocol's way over boxed arguments. Thread-safe.
/// </summary>
internal static class EventFrame
{
    private const byte RecordSeparator = 0x1e;

    /// <summary>A thread's buffer that grew beyond this, in bytes, is not kept.</summary>
    private const int LargestKept = 128 * 1024;

    private static readonly byte[] Target = Encoding.ASCII.GetBytes(nameof(IAgentClient.ReceiveEvent));

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? _buffer;

    [ThreadStatic]
    private static Utf8JsonWriter? _writer;

    internal static SerializedMessage Json(string protocolName, AgentEventEnvelope envelope)
    {
        var buffer = _buffer ??= new ArrayBufferWriter<byte>(1024);
        buffer.ResetWrittenCount();
        buffer.Write("{\"type\":1,\"target\":\""u8);
        buffer.Write(Target);
        buffer.Write("\",\"arguments\":["u8);
        var writer = _writer ??= new Utf8JsonWriter(buffer, new JsonWriterOptions { SkipValidation = true });
        writer.Reset(buffer);
        JsonSerializer.Serialize(writer, envelope, RealtimeJsonContext.Default.AgentEventEnvelope);
        writer.Flush();
        buffer.Write("]}"u8);
        buffer.Write([RecordSeparator]);
        byte[] bytes = buffer.WrittenSpan.ToArray();
        if (buffer.Capacity > LargestKept) _buffer = null;
        return new SerializedMessage(protocolName, bytes);
    }
}
