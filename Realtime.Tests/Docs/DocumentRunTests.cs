using System.Text;
using Realtime.Contracts;
using Realtime.Harness;
using Realtime.Tests.Support;

namespace Realtime.Tests.Docs;

/// <summary>What a document tells a reader to type is typed, from an empty folder, into one shell, against a server in Development.</summary>
[Category("Integration")]
public sealed class DocumentRunTests
{
    /// <summary>Each with how many events of whom there are afterwards.</summary>
    static readonly (string Document, (string User, int Events)[] Stored)[] Runs =
    [
        ("docs/publishing.md", [("user_42", 6), ("user_43", 1)]),
        ("docs/authentication.md", []),
    ];

    static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    internal static IEnumerable<string> Documents => Runs.Select(r => r.Document);

    [TestCaseSource(nameof(Documents))]
    public async Task The_documents_commands_do_what_they_say(string document)
    {
        await using var host = await RealtimeHost.StartAsync(environment: "Development", trustTokens: false);
        var folder = Directory.CreateTempSubdirectory("realtime-document-");
        try
        {
            var script = new StringBuilder($"set -euo pipefail\nexport URL={host.Address.GetLeftPart(UriPartial.Authority)}\n");
            foreach (var block in Markdown.CodeBlocks(document))
            {
                if (block.Info == "run") script.Append(block.Code);
                else if (block.Info.Contains('.', StringComparison.Ordinal)) await File.WriteAllTextAsync(Path.Combine(folder.FullName, block.Info), block.Code);
            }

            await using var shell = await ProgramRun.StartAsync("bash", ["-s"], folder.FullName, script.ToString());
            (await shell.WaitForExitAsync(Patience)).Should().Be(0, string.Join('\n', shell.Output));
        }
        finally
        {
            folder.Delete(recursive: true);
        }

        foreach (var (user, events) in Runs.Single(r => r.Document == document).Stored)
        {
            using var worker = new HttpClient { BaseAddress = host.Address };
            using var made = await worker.PostAsync(Routes.DevTokens, Samples.Json($$"""{"userId":"{{user}}"}""")).WithinDeadline();
            using var reader = host.ClientWith((await made.JsonAsync()).GetProperty("accessToken").GetString());
            using var page = await reader.GetAsync(Routes.Events).WithinDeadline();
            (await page.JsonAsync()).GetProperty("events").GetArrayLength().Should().Be(events, "that is what {0} published for {1}", document, user);
        }
    }
}
