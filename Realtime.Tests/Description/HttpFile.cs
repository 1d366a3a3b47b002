using System.Text.RegularExpressions;

namespace Realtime.Tests.Description;

/// <summary>A <c>.http</c> file, as editors run it: variables, named requests, and answers that later requests quote.</summary>
static partial class HttpFile
{
    /// <param name="Title">After <c>###</c>.</param>
    /// <param name="Name">After <c># @name</c>; empty when nothing quotes its answer.</param>
    /// <param name="Status">What it is answered, from a line <c># 201</c>.</param>
    /// <param name="Method">HTTP method.</param>
    /// <param name="Url">With placeholders.</param>
    /// <param name="Headers">With placeholders.</param>
    /// <param name="Body">With placeholders; empty without one.</param>
    internal sealed record Call(string Title, string Name, int Status, string Method, string Url, IReadOnlyList<(string Name, string Value)> Headers, string Body)
    {
        public override string ToString() => Title;
    }

    internal static IReadOnlyList<Call> Read(string path, out Dictionary<string, string> variables)
    {
        var parts = File.ReadAllText(path).Split("### ");
        variables = Variable().Matches(parts[0]).ToDictionary(m => m.Groups["name"].Value, m => m.Groups["value"].Value.Trim(), StringComparer.Ordinal);
        return [.. parts.Skip(1).Select(ReadCall)];
    }

    /// <summary>Puts values in for <c>{{name}}</c>; a name that nobody knows is a fault of the file.</summary>
    internal static string Fill(string text, IReadOnlyDictionary<string, string> values) => Placeholder().Replace(
        text, m => values.TryGetValue(m.Groups["name"].Value, out string? value) ? value : throw new AssertionException($"Nothing gives {m.Value} a value."));

    static Call ReadCall(string part)
    {
        var lines = part.ReplaceLineEndings("\n").Split('\n');
        var comments = lines.Skip(1).TakeWhile(l => l.StartsWith('#')).ToList();
        string[] request = lines[1 + comments.Count].Split(' ', 2);
        var headers = lines.Skip(2 + comments.Count).TakeWhile(l => l.Length > 0).Select(l => l.Split(':', 2)).Select(h => (h[0], h[1].Trim())).ToList();
        string body = string.Join('\n', lines.Skip(2 + comments.Count + headers.Count)).Trim();
        return new Call(
            lines[0].Trim(),
            comments.Find(c => c.StartsWith("# @name ", StringComparison.Ordinal))?[8..].Trim() ?? string.Empty,
            int.Parse(comments.Single(c => Status().IsMatch(c))[2..], System.Globalization.CultureInfo.InvariantCulture),
            request[0], request[1].Trim(), headers, body);
    }

    [GeneratedRegex(@"^@(?<name>\w+) *= *(?<value>.*)$", RegexOptions.Multiline | RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Variable();

    [GeneratedRegex(@"\{\{(?<name>[\w.$]+)\}\}", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Placeholder();

    [GeneratedRegex("^# [0-9]{3}$", RegexOptions.NonBacktracking)]
    private static partial Regex Status();
}
