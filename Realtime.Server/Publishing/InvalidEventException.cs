namespace Realtime.Server.Publishing;

/// <summary>An event breaks a rule of the contract; nothing was stored.</summary>
public sealed class InvalidEventException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="field">Path of the field, for example <c>data.stepIndex</c>.</param>
    /// <param name="problem">What is wrong, for example <c>is missing</c>.</param>
    /// <param name="index">Which event of an array; <see langword="null"/> for a single event.</param>
    public InvalidEventException(string field, string problem, int? index = null)
        : base($"{PathOf(field, index)} {problem}.")
    {
        Field = PathOf(field, index);
        Problem = problem;
    }

    /// <summary>Path of the field, for example <c>data.stepIndex</c> or <c>[3].data.stepIndex</c>.</summary>
    public string Field { get; }

    /// <summary>What is wrong, for example <c>is missing</c>.</summary>
    public string Problem { get; }

    /// <summary>Whether the data is larger than an event may be.</summary>
    internal bool IsTooLarge { get; init; }

    private static string PathOf(string field, int? index) => index is null ? field : field.Length == 0 ? $"[{index}]" : $"[{index}].{field}";
}
