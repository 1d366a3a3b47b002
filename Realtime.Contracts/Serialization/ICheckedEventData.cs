namespace Realtime.Contracts.Serialization;

/// <summary>Data with rules beyond its types; the server asks it before an event is stored.</summary>
public interface ICheckedEventData
{
    /// <summary>The first broken rule, or <see langword="null"/>.</summary>
    EventDataFault? Check();
}

/// <summary>What is wrong with an event's data.</summary>
/// <param name="Field">Path of the field within the data, for example <c>stepIndex</c>; empty for the data as a whole.</param>
/// <param name="Problem">What is wrong, for example <c>is missing</c>.</param>
public sealed record EventDataFault(string Field, string Problem);
