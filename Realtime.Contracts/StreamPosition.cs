using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json.Serialization;
using Realtime.Contracts.Serialization;

namespace Realtime.Contracts;

/// <summary>
/// A place in one user's stream: the epoch names the store's history, the sequence counts its events 1, 2, 3 …
/// Written <c>"&lt;epoch&gt;.&lt;sequence&gt;"</c>, for example <c>"k3f9.42"</c>; sequence 0 is the place before the first event.
/// </summary>
/// <remarks>Sequences of different epochs must not be compared: they count different histories.</remarks>
[JsonConverter(typeof(StreamPositionJsonConverter))]
public readonly record struct StreamPosition
{
    /// <summary>Greatest sequence, 2^53 - 1: the greatest integer that a JavaScript number holds exactly.</summary>
    public const long MaxSequence = (1L << 53) - 1;

    /// <summary>Greatest length of an epoch in characters.</summary>
    public const int MaxEpochLength = 16;

    private const int MaxLength = MaxEpochLength + 1 + MaxSequenceDigits;
    private const int MaxSequenceDigits = 16;

    /// <summary>A process talks to one store, so one epoch: its text is shared instead of made for every event.</summary>
    private static volatile string _lastEpoch = string.Empty;

    private readonly string? _epoch;

    /// <summary>Creates a position.</summary>
    /// <param name="epoch">1 to 16 of <c>a-z</c> and <c>0-9</c>.</param>
    /// <param name="sequence">0 to <see cref="MaxSequence"/>.</param>
    /// <exception cref="ArgumentException">The epoch is malformed.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The sequence is out of range.</exception>
    public StreamPosition(string epoch, long sequence)
    {
        if (!IsEpoch(epoch.AsSpan())) throw new ArgumentException($"'{epoch}' is not an epoch: 1 to {MaxEpochLength} of a-z and 0-9.", nameof(epoch));
        if (sequence is < 0 or > MaxSequence) throw new ArgumentOutOfRangeException(nameof(sequence), sequence, "0 to 2^53 - 1.");
        _epoch = epoch;
        Sequence = sequence;
    }

    /// <summary>Names the history this position belongs to; empty only for <c>default</c>.</summary>
    public string Epoch => _epoch ?? string.Empty;

    /// <summary>Number of the event in its stream, from 1; 0 is the place before the first.</summary>
    public long Sequence { get; }

    /// <summary>The position of the same history with another sequence.</summary>
    /// <param name="sequence">0 to <see cref="MaxSequence"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">The sequence is out of range.</exception>
    public StreamPosition At(long sequence) => new(Epoch, sequence);

    /// <summary>Whether both positions belong to the same history and may be compared.</summary>
    /// <param name="other">The position to compare with.</param>
    public bool IsSameHistoryAs(StreamPosition other) => string.Equals(Epoch, other.Epoch, StringComparison.Ordinal);

    /// <summary>Reads the wire form. Never throws.</summary>
    /// <param name="text">For example <c>"k3f9.42"</c>.</param>
    /// <param name="position">The position read.</param>
    /// <returns><see langword="false"/> for anything that is not exactly the wire form: signs, white space, leading zeros, too large numbers.</returns>
    public static bool TryParse([NotNullWhen(true)] string? text, out StreamPosition position)
    {
        position = default;
        return text is not null && TryParse(text.AsSpan(), out position);
    }

    /// <summary>Reads the wire form as it stands in JSON, without making a string of it. Never throws.</summary>
    internal static bool TryParse(ReadOnlySpan<byte> utf8, out StreamPosition position)
    {
        position = default;
        if (utf8.Length > MaxLength) return false;
        Span<char> text = stackalloc char[MaxLength];
        for (int i = 0; i < utf8.Length; i++) text[i] = (char)utf8[i]; // what is not ASCII is no part of a position
        return TryParse(text.Slice(0, utf8.Length), out position);
    }

    private static bool TryParse(ReadOnlySpan<char> text, out StreamPosition position)
    {
        position = default;
        int dot = text.IndexOf('.');
        if (dot < 1 || dot == text.Length - 1) return false;
        if (!IsEpoch(text.Slice(0, dot)) || !TryParseSequence(text.Slice(dot + 1), out long sequence)) return false;

        position = new StreamPosition(EpochOf(text.Slice(0, dot)), sequence);
        return true;
    }

    private static string EpochOf(ReadOnlySpan<char> text)
    {
        string last = _lastEpoch;
        return text.SequenceEqual(last.AsSpan()) ? last : _lastEpoch = text.ToString();
    }

    /// <summary>Reads the wire form.</summary>
    /// <param name="text">For example <c>"k3f9.42"</c>.</param>
    /// <exception cref="FormatException">The text is not a position.</exception>
    public static StreamPosition Parse(string text) =>
        TryParse(text, out var position) ? position : throw new FormatException($"'{text}' is not a position such as 'k3f9.42'.");

    /// <summary>The wire form, for example <c>"k3f9.42"</c>.</summary>
    public override string ToString() => Epoch + "." + Sequence.ToString(CultureInfo.InvariantCulture);

    private static bool TryParseSequence(ReadOnlySpan<char> text, out long sequence)
    {
        sequence = 0;
        if (text.Length > MaxSequenceDigits || (text.Length > 1 && text[0] == '0')) return false;

        foreach (char digit in text)
        {
            if (digit is < '0' or > '9') return false;
            sequence = sequence * 10 + (digit - '0');
        }

        return sequence <= MaxSequence;
    }

    private static bool IsEpoch(ReadOnlySpan<char> epoch)
    {
        if (epoch.Length is < 1 or > MaxEpochLength) return false;
        foreach (char c in epoch)
        {
            if (c is not ((>= 'a' and <= 'z') or (>= '0' and <= '9'))) return false;
        }

        return true;
    }
}
