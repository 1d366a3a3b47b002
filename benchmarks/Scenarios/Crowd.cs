namespace Realtime.Benchmarks.Scenarios;

/// <summary>Who is connected.</summary>
/// <param name="Users">How many users.</param>
/// <param name="ConnectionsPerUser">How many connections each.</param>
/// <param name="Lanes">How many publishers a user's events come from.</param>
internal sealed record Crowd(int Users, int ConnectionsPerUser = 1, int Lanes = 1);
