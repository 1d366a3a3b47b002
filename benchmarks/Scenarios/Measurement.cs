using Realtime.Benchmarks.Load;
using Realtime.Benchmarks.Measure;

namespace Realtime.Benchmarks.Scenarios;

/// <summary>What one system showed in one round.</summary>
/// <param name="Figures">By name with unit, in the order in which they are shown.</param>
/// <param name="Tally">What went wrong.</param>
/// <param name="Cost">Of the phase that matters most; tells whether the generator or strangers were in the way.</param>
internal sealed record Measurement(IReadOnlyDictionary<string, double> Figures, Tally Tally, Cost Cost);
