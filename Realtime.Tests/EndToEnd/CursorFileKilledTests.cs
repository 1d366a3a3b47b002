using Realtime.Client;
using Realtime.Harness;
using Realtime.Tests.Support;

namespace Realtime.Tests.EndToEnd;

/// <summary>A cursor file whose process is killed in the middle of saves.</summary>
[Category("Integration")]
public sealed class CursorFileKilledTests
{
    [Test]
    public async Task A_kill_in_the_middle_of_a_save_leaves_the_cursor_before_or_after_it()
    {
        var folder = Directory.CreateTempSubdirectory("realtime-cursor-");
        string file = Path.Combine(folder.FullName, "cursor.json");
        long last = 0;
        int torn = 0;
        for (int kill = 0; kill < 30; kill++)
        {
            var writer = await ProgramRun.StartProjectAsync("tools/CursorWriter", file);
            int saves = 20 + kill * 7;
            await Eventually.Async($"{saves} saves before kill {kill}", () => writer.Output.Count >= saves, TimeSpan.FromSeconds(60));
            await writer.DisposeAsync();
            if (File.Exists(file + ".tmp")) torn++;

            long reported = writer.Output.Where(l => long.TryParse(l, out _)).Select(long.Parse).Max();
            var cursor = await new FileCursorStore(file).LoadAsync(CancellationToken.None);
            // One save may have been complete and not yet reported.
            cursor!.Position.Sequence.Should().BeInRange(reported, reported + 1);
            cursor.Id.Should().NotBeNull();
            cursor.Position.Sequence.Should().BeGreaterThan(last);
            last = cursor.Position.Sequence;
        }

        torn.Should().BePositive("some kills must have met a save, or this showed nothing");
        folder.Delete(recursive: true);
    }
}
