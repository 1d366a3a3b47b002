namespace Realtime.Tests.Simulation;

/// <summary>How bad the world of one seed is.</summary>
sealed class SimProfile(SimRandom random)
{
    internal double PushLost { get; } = random.Of(0, 0.05, 0.3);

    internal double PushTwice { get; } = random.Of(0, 0.1);

    /// <summary>A push that takes long, but not longer than a restore; what comes even later comes from old connections.</summary>
    internal double PushLate { get; } = random.Of(0, 0.1, 0.3);

    internal int PushDelayMs { get; } = random.Of(2, 30, 300);

    /// <summary>The connection was still writing: the push is skipped, and a head follows.</summary>
    internal double PushSkipped { get; } = random.Of(0, 0, 0.2);

    internal double PushGarbled { get; } = random.Of(0, 0, 0.05);

    internal double QuestionFails { get; } = random.Of(0, 0, 0.2, 0.5);

    internal int QuestionMs { get; } = random.Of(2, 50, 800, 4000);

    internal double HandlerFails { get; } = random.Of(0, 0, 0, 0.1, 0.5);

    internal double HandlerSlow { get; } = random.Of(0, 0.2, 0.6);

    internal int HandlerMs { get; } = random.Of(5, 200);

    internal double SaveFails { get; } = random.Of(0, 0, 0.2);

    internal double SaveSlow { get; } = random.Of(0, 0.3);

    internal int Capacity { get; } = random.Of(1, 3, 1000);

    internal int PageSize { get; } = random.Of(1, 2, 4, 500);

    internal int SaveIntervalMs { get; } = random.Of(0, 100);

    internal double LateBacklog { get; } = random.Of(0, 0.5, 1);

    internal int Events { get; } = (int)random.Between(2, 16);

    internal int Faults { get; } = (int)random.Between(0, 5);

    internal TimeSpan Length { get; } = random.Ms(500, 10_000);

    /// <summary>The world is whole again.</summary>
    internal bool IsHealed { get; set; }
}
