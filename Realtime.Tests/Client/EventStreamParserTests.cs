using System.Text;
using CsCheck;
using Realtime.Client.Connection;
using Realtime.Tests.Security;

namespace Realtime.Tests.Client;

/// <summary>Server-sent events out of bytes that arrive in any pieces.</summary>
public sealed class EventStreamParserTests
{
    static readonly string[] Lines =
    [
        "data: {\"a\":1}", "data", "data:", "data:  two", "data:no space", "id: k3f9.42", "id:", "id: ü", "event: agent.step_completed", "event", "retry: 250", "retry: 99999999999", "retry: -1", "retry: x",
        ": comment", ":", "unknown: field", " data: indented", "datax: no", string.Empty, string.Empty, string.Empty,
    ];

    /// <summary>A stream, and how it is cut into pieces.</summary>
    static readonly Gen<(string Text, int Piece)> Streams = Gen.Select(
        Gen.Select(Gen.OneOf(Lines), Gen.OneOf("\n", "\r", "\r\n"), (line, end) => line + end).Array[0, 14], Gen.Int[1, 9], Gen.Int[0, 3],
        (lines, piece, bom) => ((bom == 0 ? "\ufeff" : string.Empty) + string.Concat(lines), piece));

    [Test]
    public void An_event_is_read_with_its_lines_joined()
    {
        var block = Read("id: k3f9.42\nevent: agent.step_completed\ndata: {\ndata:  \"a\":1\ndata: }\n\n").Single();

        (block.Id, block.Name, Encoding.UTF8.GetString(block.Data!)).Should().Be(("k3f9.42", "agent.step_completed", "{\n \"a\":1\n}"));
    }

    [Test]
    public void Comments_and_what_is_cut_off_count_for_nothing() => Read(":\n\n: alive\n\ndata: 1").Should().BeEmpty();

    [Test]
    public void A_block_beyond_any_event_is_refused_and_not_kept()
    {
        var parser = new EventStreamParser();
        byte[] endless = new byte[64 * 1024];
        Array.Fill(endless, (byte)'x');

        var act = () =>
        {
            for (int i = 0; i < 1_000; i++) parser.Take(endless, endless.Length, _ => { });
        };

        act.Should().Throw<InvalidDataException>();
    }

    [Test]
    public Task Fuzzed_streams_are_read_alike_in_any_pieces_and_as_the_standard_says() =>
        Fuzz.RunAsync("server-sent events (client)", Streams, Fuzz.Inputs(4_000), input =>
        {
            var expected = Reference(input.Text);

            Read(input.Text, input.Piece).Select(Shown).Should().Equal(expected);
            Read(input.Text).Select(Shown).Should().Equal(expected);
        }, input => $"{input.Piece}: {input.Text.Replace("\r", "\\r", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)}");

    [Test]
    public Task Fuzzed_bytes_never_fail_but_by_their_length() =>
        Fuzz.RunAsync("server-sent events (bytes)", Gen.Byte.Array[0, 200], Fuzz.Inputs(2_000), bytes => new EventStreamParser().Take(bytes, bytes.Length, _ => { }), Convert.ToHexString);

    static List<EventStreamBlock> Read(string text, int piece = int.MaxValue)
    {
        var found = new List<EventStreamBlock>();
        var parser = new EventStreamParser();
        foreach (byte[] bytes in Encoding.UTF8.GetBytes(text).Chunk(Math.Min(piece, Math.Max(1, text.Length * 4)))) parser.Take(bytes, bytes.Length, found.Add);
        return found;
    }

    static string Shown(EventStreamBlock block) => $"{block.Id}|{block.Name}|{(block.Data is null ? "-" : Encoding.UTF8.GetString(block.Data))}|{block.Retry?.TotalMilliseconds}";

    /// <summary>The standard once more, the slow way.</summary>
    static IEnumerable<string> Reference(string text)
    {
        if (text.StartsWith('\ufeff')) text = text[1..];
        string[] lines = text.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n').Split('\n')[..^1];
        string? id = null, name = null, data = null;
        double? retry = null;
        foreach (string line in lines)
        {
            if (line.Length == 0)
            {
                if (id is not null || data is not null || retry is not null) yield return $"{id}|{name}|{data ?? "-"}|{retry}";
                (id, name, data, retry) = (null, null, null, null);
                continue;
            }

            string[] parts = line.Split(':', 2);
            string value = parts.Length == 1 ? string.Empty : parts[1].StartsWith(' ') ? parts[1][1..] : parts[1];
            if (line[0] == ':') continue;
            if (parts[0] == "id") id = value;
            if (parts[0] == "event") name = value;
            if (parts[0] == "data") data = data is null ? value : data + "\n" + value;
            if (parts[0] == "retry" && value.Length > 0 && value.All(char.IsAsciiDigit)) retry = Math.Min(double.Parse(value), 300_000);
        }
    }
}
