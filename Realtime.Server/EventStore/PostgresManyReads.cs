using Npgsql;
using NpgsqlTypes;
using Realtime.Contracts;

namespace Realtime.Server.EventStore;

/// <summary>
/// What came after a position in many streams: one call of <c>realtime.read_many_traced</c> (<c>Schema/Postgres/012_traces.sql</c>),
/// hence one snapshot. Read by hand: a storm of returning clients is mostly this.
/// </summary>
internal sealed class PostgresManyReads(IReadOnlyList<StreamQuestion> questions, int maxBytes)
{
    private const string Sql = "select * from realtime.read_many_traced($1, $2, $3, $4)";

    private readonly Answer[] _answers = new Answer[questions.Count];

    /// <summary>Reads all; notes in <paramref name="seen"/> how far the history was seen.</summary>
    public async Task<StreamRead?[]> ReadAsync(NpgsqlConnection connection, SeenHistory seen, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(Sql, connection);
        Add(NpgsqlDbType.Array | NpgsqlDbType.Text, questions.Select(q => q.UserId).ToArray());
        Add(NpgsqlDbType.Array | NpgsqlDbType.Bigint, questions.Select(q => q.After.Sequence).ToArray());
        Add(NpgsqlDbType.Array | NpgsqlDbType.Integer, questions.Select(q => q.Limit).ToArray());
        Add(NpgsqlDbType.Integer, maxBytes);

        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                ref var answer = ref _answers[reader.GetInt32(0) - 1];
                if (reader.IsDBNull(1)) ReadBounds(reader, ref answer);
                else ReadEvent(reader, ref answer);
            }
        }

        var reads = new StreamRead?[questions.Count];
        for (int i = 0; i < reads.Length; i++) reads[i] = Judge(questions[i], _answers[i]);
        if (_answers is [{ Bounds: { } first }, ..]) seen.Read(first.Epoch, first.Timeline, first.Flushed);
        return reads;

        void Add(NpgsqlDbType type, object value) => command.Parameters.Add(new NpgsqlParameter { NpgsqlDbType = type, Value = value });
    }

    private static void ReadBounds(NpgsqlDataReader reader, ref Answer answer) => answer.Bounds = new PostgresBounds
    {
        HeadSequence = reader.GetInt64(6),
        TrimmedSequence = reader.GetInt64(7),
        TrimmedMicros = MicrosOf(reader, 8),
        MicrosThere = MicrosOf(reader, 9),
        Epoch = reader.GetString(10),
        Timeline = reader.GetInt32(11),
        Flushed = reader.GetInt64(12),
    };

    private static void ReadEvent(NpgsqlDataReader reader, ref Answer answer) => (answer.Events ??= []).Add(new StoredEvent(
        reader.GetInt64(1), reader.GetGuid(2), reader.GetString(3), reader.GetDateTime(4), reader.GetFieldValue<byte[]>(5), reader.IsDBNull(13) ? null : reader.GetString(13)));

    private static long? MicrosOf(NpgsqlDataReader reader, int column) =>
        reader.IsDBNull(column) ? null : StoreTime.ToMicros(new DateTimeOffset(reader.GetDateTime(column)));

    private static StreamRead? Judge(StreamQuestion question, in Answer answer)
    {
        var bounds = answer.Bounds ?? throw new InvalidOperationException("A question was not answered.");
        if (bounds.WhyLost(question.After, question.Time is { } seen ? StoreTime.ToMicros(seen) : null, bounds.MicrosThere) is { } reason)
            return bounds.Lost(reason);

        // There is more, and it did not come: it is too large to be read with others.
        if (answer.Events is null) return bounds.HeadSequence > question.After.Sequence ? null : bounds.Page([], question.After.Sequence, isTruncated: false);

        var head = bounds.Head;
        var events = new AgentEventEnvelope[answer.Events.Count];
        for (int i = 0; i < events.Length; i++) events[i] = answer.Events[i].ToEnvelope(head);
        return new StreamPage(events, events[^1].Position, head, bounds.Oldest, IsTruncated: false);
    }

    private struct Answer
    {
        public PostgresBounds? Bounds;
        public List<StoredEvent>? Events;
    }

    private readonly record struct StoredEvent(long Sequence, Guid Id, string Type, DateTime Time, byte[] Data, string? Traceparent)
    {
        public AgentEventEnvelope ToEnvelope(StreamPosition head) => new()
        {
            Type = Type,
            Id = Id,
            Position = head.At(Sequence),
            Time = new DateTimeOffset(Time),
            Data = EventData.FromTrustedUtf8(Data),
            Traceparent = Traceparent,
        };
    }
}
