namespace Realtime.Chaos.Records;

/// <summary>Everything one client process wrote down between its start and its end, in its own order.</summary>
/// <param name="Process">Which client process, over its restarts.</param>
/// <param name="Number">Which of its runs, from 1.</param>
/// <param name="Records">What it wrote.</param>
sealed record ClientRun(string Process, int Number, IReadOnlyList<ClientRecord> Records);
