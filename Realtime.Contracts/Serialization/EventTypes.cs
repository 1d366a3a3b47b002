using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization.Metadata;
using Realtime.Contracts.Events;

namespace Realtime.Contracts.Serialization;

/// <summary>
/// The event types an application knows: stable name on the wire, CLR type, source-generated JSON. Trim-safe.
/// Register before use; reading is thread-safe.
/// </summary>
public sealed class EventTypes
{
    /// <summary>Greatest length of a type's name.</summary>
    public const int MaxNameLength = 100;

    private readonly ConcurrentDictionary<string, EventType> _byName = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<Type, EventType> _byDataType = new();

    /// <summary>The types of the wire contract: steps, brake and briefings.</summary>
    public static EventTypes CreateDefault() => new EventTypes()
        .Add(AgentStepCompleted.TypeName, RealtimeJsonContext.Default.AgentStepCompleted)
        .Add(AgentBrakeChanged.TypeName, RealtimeJsonContext.Default.AgentBrakeChanged)
        .Add(BriefingDelivered.TypeName, RealtimeJsonContext.Default.BriefingDelivered);

    /// <summary>Registers a type.</summary>
    /// <typeparam name="T">CLR type of the data.</typeparam>
    /// <param name="name">Stable name on the wire: lower-case words of <c>a-z 0-9 _</c>, joined by dots.</param>
    /// <param name="typeInfo">Source-generated description of <typeparamref name="T"/>.</param>
    /// <exception cref="ArgumentException">The name is malformed, or the name or the CLR type is registered already.</exception>
    public EventTypes Add<T>(string name, JsonTypeInfo<T> typeInfo)
        where T : class
    {
        if (!IsValidName(name)) throw new ArgumentException($"'{name}' is not a type name such as 'agent.step_completed'.", nameof(name));
        if (typeInfo is null) throw new ArgumentNullException(nameof(typeInfo));

        var type = new EventType<T>(name, typeInfo);
        if (!_byName.TryAdd(name, type)) throw new ArgumentException($"The event type '{name}' is registered already.", nameof(name));
        if (!_byDataType.TryAdd(typeof(T), type))
        {
            _byName.TryRemove(name, out _);
            throw new ArgumentException($"{typeof(T)} is registered already, as '{_byDataType[typeof(T)].Name}'.", nameof(typeInfo));
        }

        return this;
    }

    /// <summary>All of them, in no order.</summary>
    internal ICollection<EventType> All => _byName.Values;

    /// <summary>Finds a type by its name on the wire.</summary>
    /// <param name="name">The name.</param>
    /// <param name="type">The type found.</param>
    public bool TryGet(string name, [NotNullWhen(true)] out EventType? type) => _byName.TryGetValue(name, out type);

    /// <summary>Finds a type by the CLR type of its data.</summary>
    /// <param name="dataType">The CLR type.</param>
    /// <param name="type">The type found.</param>
    public bool TryGet(Type dataType, [NotNullWhen(true)] out EventType? type) => _byDataType.TryGetValue(dataType, out type);

    /// <summary>Reads an envelope. Never throws: an unknown type, or data that cannot be read, comes back as a raw event.</summary>
    /// <param name="envelope">The event as it travelled.</param>
    public AgentEvent Read(AgentEventEnvelope envelope) =>
        TryGet(envelope.Type, out var type) ? type.Read(envelope) : new AgentEvent(envelope);

    /// <summary>Whether the text may name an event type.</summary>
    /// <param name="name">The candidate.</param>
    public static bool IsValidName(string? name)
    {
        if (name is null || name.Length is < 1 or > MaxNameLength) return false;
        bool wordStarts = true;
        foreach (char c in name)
        {
            bool isWord = c is (>= 'a' and <= 'z') or (>= '0' and <= '9') or '_';
            if (!isWord && (c != '.' || wordStarts)) return false;
            wordStarts = c == '.';
        }

        return !wordStarts;
    }
}
