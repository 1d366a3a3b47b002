using Realtime.Benchmarks.Systems;

namespace Realtime.Benchmarks.Scenarios;

/// <summary>A target: our figure divided by another system's, or a figure that is a ratio already.</summary>
/// <param name="Figure">Name of the figure.</param>
/// <param name="Against">Whose figure divides ours; <see langword="null"/>: the figure itself is compared.</param>
/// <param name="Target">The limit; <see langword="null"/>: shown only.</param>
/// <param name="IsLeast">Whether the target is the least, not the most.</param>
internal sealed record Claim(string Figure, SystemKind? Against, double? Target = null, bool IsLeast = false)
{
    public static Claim AtMost(string figure, double target, SystemKind? against = null) => new(figure, against, target);

    public static Claim AtLeast(string figure, double target, SystemKind? against = null) => new(figure, against, target, IsLeast: true);

    public bool IsMetBy(double ratio) => Target is not { } target || (IsLeast ? ratio >= target : ratio <= target);
}
