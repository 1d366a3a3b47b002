using System.Text;
using CsCheck;

namespace Realtime.Tests.Security;

/// <summary>Inputs that are nearly right: grammar first, then a few faults.</summary>
static class FuzzInputs
{
    /// <summary>Pieces that have broken parsers.</summary>
    static readonly string[] Nasty =
    [
        "\0", "\n", "\r\n", "\t", " ", "\u00a0", "\u200b", "\u202e", "\ufeff", "\ud800", "\udc00", "\U0001f98a", "\u0660", "\uff10", "\u0131", "\u212a", "é", "e\u0301",
        "\"", "\\", "\\u0000", "\\ud800", "\\udc00\\ud800", "\\u00", "/", "{", "}", "[", "]", ",", ":", ".", "..", "-", "+", "%00", "%2e", "\u001e", "'", "--", "null", "NaN", "1e999",
        "0", "00", "-0", "9007199254740991", "9007199254740992", "18446744073709551616", "true", "__proto__", "$type", "$ref", "negotiate",
    ];

    static readonly Gen<string> Piece = Gen.OneOf(Nasty);

    internal static readonly Gen<string> Text = Gen.Frequency(
        (6, Gen.OneOf("a", "user_42", "agent.step_completed", "k3f9.42", "page", "x-1_Y")),
        (3, Gen.Select(Gen.Char.Array[0, 20], c => new string(c))),
        (3, Gen.Select(Piece, Piece, (a, b) => a + b)),
        (1, Gen.Int[0, 300].Select(n => new string('n', n))));

    internal static readonly Gen<string> Digits = Gen.Frequency(
        (8, Gen.Long[0, 99_999].Select(n => n.ToString())),
        (4, Gen.Long[0, (1L << 53) + 2].Select(n => n.ToString())),
        (2, Gen.ULong.Select(n => n.ToString())),
        (2, Gen.OneOf("0", "00", "01", "-1", "+1", "", " 1", "1 ", "٣", "１", "1_0", "0x1", "1e1", "9007199254740991", "9007199254740992", "99999999999999999999")));

    internal static readonly Gen<string> Position = WithFaults(Gen.Select(
        Gen.Frequency((8, Gen.OneOf("k3f9", "fake", "a", "0", "abcdefghij012345")), (2, Gen.OneOf("", "A", "abcdefghij0123456", "é", "a b"))),
        Gen.Frequency((12, "."), (1, ".."), (1, ""), (1, ","), (1, "．")),
        Digits,
        (epoch, dot, digits) => epoch + dot + digits), oneOf: 3);

    internal static readonly Gen<string> Time = WithFaults(Gen.Select(
        Gen.Select(Range(0, 9999, 4), Range(0, 13, 2), Range(0, 32, 2), (y, m, d) => $"{y}-{m}-{d}"),
        Gen.Frequency((12, "T"), (2, "t"), (1, " "), (1, "")),
        Gen.Select(Range(0, 25, 2), Range(0, 61, 2), Range(0, 61, 2), (h, m, s) => $"{h}:{m}:{s}"),
        Gen.Frequency((6, Gen.Const("")), (6, Gen.Select(Gen.Int[0, 12], Gen.ULong, (n, f) => "." + f.ToString().PadLeft(20, '0')[..n])), (1, Gen.OneOf(".", ",5", ".٣"))),
        Gen.Frequency((6, Gen.OneOf("Z", "z")), (4, Gen.Select(Gen.OneOf("+", "-"), Range(0, 25, 2), Range(0, 61, 2), (s, h, m) => $"{s}{h}:{m}")), (1, Gen.OneOf("", "+01", "+0100", "+01:00:00", "GMT", "+00:0٣"))),
        (date, t, time, fraction, offset) => date + t + time + fraction + offset), oneOf: 4);

    /// <summary>Any JSON, mostly small; now and then too deep for a parser.</summary>
    internal static readonly Gen<string> Json = Gen.Frequency(
        (30, Gen.Recursive<string>((depth, self) => depth >= 4 ? Leaf() : Gen.Frequency((4, Leaf()), (2, Object(self)), (1, Gen.Select(self.Array[0, 4], items => $"[{string.Join(',', items)}]"))))),
        (1, Gen.Int[50, 70].Select(n => new string('[', n) + new string(']', n))),
        (1, Gen.Int[50, 70].Select(n => string.Concat(Enumerable.Repeat("{\"a\":", n)) + "1" + new string('}', n))));

    /// <summary>An object with these members, in any order, some missing, twice, wrong or unknown.</summary>
    /// <param name="members">Names, and values that are mostly right.</param>
    internal static Gen<string> ObjectOf(params (string Name, Gen<string> Value)[] members)
    {
        var each = members.Select(m => Gen.Select(
            Gen.Frequency((40, Gen.Const(m.Name)), (1, Gen.Const(m.Name.ToUpperInvariant())), (1, Gen.Const(Escaped(m.Name))), (1, Text)),
            Gen.Frequency((20, m.Value), (1, Json)),
            Gen.Frequency((30, 1), (1, 0), (1, 2)),
            (name, value, times) => Enumerable.Repeat($"{Quoted(name)}:{value}", times))).ToArray();
        var extra = Gen.Frequency((6, Gen.Const<IEnumerable<string>>([])), (1, Gen.Select(Text, Json, (name, value) => (IEnumerable<string>)[$"{Quoted(name)}:{value}"])));
        Gen<IEnumerable<string>>[] all = [.. each, extra];
        return Gen.Select(Gen.ShuffleSelect(all, all.Length, all.Length), chosen => "{" + string.Join(',', chosen.SelectMany(c => c)) + "}");
    }

    /// <summary>A value as a JSON string, mostly correctly escaped.</summary>
    internal static Gen<string> AsString(Gen<string> text) => Gen.Select(text, Gen.Int[0, 9], (t, how) => how == 0 ? Quoted(Escaped(t)) : Quoted(t));

    /// <summary>UTF-8, of which some are damaged.</summary>
    internal static Gen<byte[]> AsBytes(Gen<string> text, int oneOf) => Gen.Select(text, Gen.Int[0, oneOf - 1], Gen.ULong, (t, damaged, seed) =>
    {
        byte[] bytes = Encoding.UTF8.GetBytes(t);
        return damaged == 0 ? Damage(bytes, seed) : bytes;
    });

    /// <summary>The same with a fault in one of so many.</summary>
    internal static Gen<string> WithFaults(Gen<string> text, int oneOf) => Gen.Select(text, Gen.Int[0, oneOf - 1], Piece, Gen.ULong, (t, faulty, piece, seed) =>
    {
        if (faulty != 0) return t;
        int at = (int)(seed % ((ulong)t.Length + 1));
        return ((seed >> 32) % 4) switch
        {
            0 => t.Insert(at, piece),
            1 => at < t.Length ? t.Remove(at, 1) : t + piece,
            2 => t[..at],
            _ => at < t.Length ? t[..at] + piece + t[(at + 1)..] : piece + t,
        };
    });

    internal static string Shown(byte[] bytes) => $"{Encoding.UTF8.GetString(bytes)} ({Convert.ToHexString(bytes)})";

    /// <summary>As it stands, but for what would end the string; escapes and half surrogate pairs go through.</summary>
    static string Quoted(string text) => "\"" + text.Replace("\"", "\\\"", StringComparison.Ordinal) + "\"";

    static string Escaped(string text) => string.Concat(text.Select(c => $"\\u{(int)c:x4}"));

    static Gen<string> Leaf() => Gen.Frequency(
        (4, Gen.OneOf("null", "true", "false", "0", "-1", "1.5", "1e3", "1e999", "123456789012345678901234567890", "\"\"", "[]", "{}")),
        (3, AsString(Text)));

    static Gen<string> Object(Gen<string> value) =>
        Gen.Select(Gen.Select(AsString(Text), value, (n, v) => $"{n}:{v}").Array[0, 4], members => "{" + string.Join(',', members) + "}");

    static Gen<string> Range(int from, int to, int width) => Gen.Frequency((9, Gen.Int[from, to].Select(n => n.ToString().PadLeft(width, '0'))), (1, Gen.Int[1, 12].Select(n => n.ToString().PadLeft(width, '0'))));

    static byte[] Damage(byte[] bytes, ulong seed)
    {
        var list = bytes.ToList();
        for (int faults = (int)(seed % 3) + 1; faults > 0; faults--)
        {
            seed = seed * 6364136223846793005UL + 1442695040888963407UL;
            int at = (int)((seed >> 33) % (ulong)(list.Count + 1));
            byte value = (byte)(seed >> 20);
            switch ((seed >> 60) % 4)
            {
                case 0: list.Insert(at, value); break;
                case 1 when at < list.Count: list.RemoveAt(at); break;
                case 2: list.RemoveRange(at, list.Count - at); break;
                default: if (at < list.Count) list[at] ^= (byte)(1 << (value & 7)); break;
            }
        }

        return [.. list];
    }
}
