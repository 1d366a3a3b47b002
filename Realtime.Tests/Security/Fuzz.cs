using System.Diagnostics;
using System.Globalization;
using CsCheck;
using Realtime.Tests.Support;

namespace Realtime.Tests.Security;

/// <summary>
/// Runs a check over many generated inputs. Every input has a number and is made from it and the seed alone, so a fault can be made
/// again. <c>FUZZ_INPUTS</c> sets how many (by default few, for every run of the tests), <c>FUZZ_SEED</c> where to begin.
/// </summary>
static class Fuzz
{
    /// <summary>One input may take this long on a machine that is busy; beyond it, it counts as a hang.</summary>
    static readonly TimeSpan LongestInput = TimeSpan.FromSeconds(20);

    /// <summary>What may stay in use after a run: caches, pools, the log lines of the test itself.</summary>
    const long MaxGrowth = 100 * 1024 * 1024;

    static readonly ulong Seed = ulong.Parse(Environment.GetEnvironmentVariable("FUZZ_SEED") ?? "1", CultureInfo.InvariantCulture);

    static bool IsLong => Environment.GetEnvironmentVariable("FUZZ_INPUTS") is { Length: > 0 };

    /// <summary>How many inputs.</summary>
    /// <param name="byDefault">In an ordinary run.</param>
    /// <param name="oneOf">Of a target that is slower, only every so manieth in a long run.</param>
    internal static int Inputs(int byDefault, int oneOf = 1) =>
        IsLong ? Math.Max(1, int.Parse(Environment.GetEnvironmentVariable("FUZZ_INPUTS")!, CultureInfo.InvariantCulture) / oneOf) : byDefault;

    /// <summary>Checks inputs, some at once; the check throws when something is wrong.</summary>
    internal static Task RunAsync<T>(string target, Gen<T> inputs, int count, Action<T> check, Func<T, string>? show = null) =>
        RunAsync(target, inputs, count, Math.Min(2, Environment.ProcessorCount), (input, _) =>
        {
            check(input);
            return ValueTask.CompletedTask;
        }, show);

    /// <summary>Checks inputs in so many lanes, each one after the other.</summary>
    internal static async Task RunAsync<T>(string target, Gen<T> inputs, int count, int lanes, Func<T, int, ValueTask> check, Func<T, string>? show = null)
    {
        long before = GC.GetTotalMemory(forceFullCollection: true);
        var clock = Stopwatch.StartNew();
        var longest = new TimeSpan[lanes];
        await Task.WhenAll(Enumerable.Range(0, lanes).Select(lane => Task.Run(() => LaneAsync(lane))));
        clock.Stop();
        long growth = GC.GetTotalMemory(forceFullCollection: true) - before;

        await TestContext.Progress.WriteLineAsync(string.Create(CultureInfo.InvariantCulture,
            $"fuzz {target}: {count:N0} inputs from seed {Seed} in {clock.Elapsed.TotalSeconds:0.0} s, longest {longest.Max().TotalMilliseconds:0} ms, {growth / 1048576.0:+0.0;-0.0} MiB in use afterwards"));
        if (IsLong) growth.Should().BeLessThan(MaxGrowth, "memory is bounded"); // otherwise other fixtures run beside this one

        async Task LaneAsync(int lane)
        {
            for (int number = lane; number < count; number += lanes)
            {
                var input = Make(inputs, (ulong)number);
                var one = Stopwatch.StartNew();
                try
                {
                    var checking = check(input, lane);
                    if (checking.IsCompletedSuccessfully) await checking;
                    else await checking.WithinDeadline(LongestInput, "one input");
                }
                catch (Exception fault)
                {
                    throw new AssertionException($"{target}, input {number} of seed {Seed}: {(show is null ? input?.ToString() : show(input))}{Environment.NewLine}{fault}", fault);
                }

                if (one.Elapsed > longest[lane]) longest[lane] = one.Elapsed;
                if (one.Elapsed > LongestInput) throw new AssertionException($"{target}, input {number} of seed {Seed} took {one.Elapsed}.");
            }
        }
    }

    /// <summary>Neighbouring numbers make inputs that have nothing in common.</summary>
    static T Make<T>(Gen<T> gen, ulong number)
    {
        ulong mixed = (Seed << 40) + number + 0x9E3779B97F4A7C15UL;
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9UL;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBUL;
        return gen.Generate(new PCG(1, mixed ^ (mixed >> 31)), null, out _);
    }
}
