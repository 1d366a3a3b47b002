using System.Text.Json;
using System.Text.Json.Nodes;
using Realtime.Contracts;
using Realtime.Contracts.Events;
using Realtime.Contracts.Serialization;
using Realtime.Tests.Support;

namespace Realtime.Tests.Contracts;

public sealed class EventTypesTests
{
    readonly EventTypes _types = EventTypes.CreateDefault();

    [Test]
    public void Registered_type_is_read()
    {
        var read = _types.Read(Envelope(AgentStepCompleted.TypeName, Samples.StepData(3).ToJsonString()));

        var step = read.Should().BeOfType<AgentEvent<AgentStepCompleted>>().Which.Data;
        step.StepIndex.Should().Be(3);
        step.Status.Should().Be(StepStatus.Succeeded);
        read.ReadFault.Should().BeNull();
    }

    [Test]
    public void Unknown_type_stays_raw_and_is_no_fault()
    {
        var read = _types.Read(Envelope("custom.thing", "[1, 2]"));
        read.GetType().Should().Be<AgentEvent>();
        read.ReadFault.Should().BeNull();
        read.RawData.ToString().Should().Be("[1, 2]");
    }

    [TestCase("agentId", "data.agentId is missing")]
    [TestCase("status", "data.status is missing")]
    [TestCase("durationMs", "data.durationMs is missing")]
    public void Missing_member_is_named(string member, string fault)
    {
        var data = Samples.StepData();
        data.Remove(member);
        _types.Read(Envelope(AgentStepCompleted.TypeName, data.ToJsonString())).ReadFault.Should().Be(fault);
    }

    [TestCase("stepIndex", "-1")]
    [TestCase("stepIndex", "1.5")]
    [TestCase("stepIndex", "\"1\"")]
    [TestCase("durationMs", "-0.1")]
    [TestCase("status", "\"Succeeded\"")]
    [TestCase("status", "0")]
    [TestCase("startedAt", "\"2026-11-23T03:27:00\"")]
    [TestCase("agentName", "null")]
    public void Invalid_member_is_named(string member, string value)
    {
        var data = Samples.StepData();
        data[member] = JsonNode.Parse(value);
        _types.TryGet(AgentStepCompleted.TypeName, out var type).Should().BeTrue();
        type!.Check(EventData.Parse(data.ToJsonString()))!.Field.Should().Be(member);
    }

    [TestCase("null")]
    [TestCase("[]")]
    [TestCase("7")]
    public void Data_that_is_no_object_is_a_fault_of_the_whole(string data)
    {
        _types.TryGet(BriefingDelivered.TypeName, out var type).Should().BeTrue();
        type!.Check(EventData.Parse(data))!.Field.Should().BeEmpty();
    }

    [Test]
    public void Valid_data_has_no_fault_and_may_hold_more_than_is_known()
    {
        var data = Samples.StepData();
        data["output"] = new JsonObject { ["any"] = 1 };
        data["later"] = "member";
        _types.TryGet(AgentStepCompleted.TypeName, out var type).Should().BeTrue();
        type!.Check(EventData.Parse(data.ToJsonString())).Should().BeNull();
    }

    [Test]
    public void Written_data_has_the_names_of_the_contract()
    {
        _types.TryGet(typeof(AgentBrakeChanged), out var type).Should().BeTrue();
        type!.Write(new AgentBrakeChanged { Engaged = true, ChangedBy = "me" }).ToString().Should().Be("""{"engaged":true,"changedBy":"me"}""");
    }

    [Test]
    public void Name_or_CLR_type_cannot_be_registered_twice()
    {
        FluentActions.Invoking(() => _types.Add(AgentStepCompleted.TypeName, RealtimeJsonContext.Default.ActivityPage)).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => _types.Add("other.name", RealtimeJsonContext.Default.AgentStepCompleted)).Should().Throw<ArgumentException>();
        _types.TryGet("other.name", out _).Should().BeFalse();
    }

    [TestCase("agent.step_completed", true)]
    [TestCase("a", true)]
    [TestCase("a.b.c2", true)]
    [TestCase("", false)]
    [TestCase(null, false)]
    [TestCase("a..b", false)]
    [TestCase(".a", false)]
    [TestCase("a.", false)]
    [TestCase("Agent.Step", false)]
    [TestCase("a-b", false)]
    [TestCase("a b", false)]
    public void Names_are_words_joined_by_dots(string? name, bool isValid) => EventTypes.IsValidName(name).Should().Be(isValid);

    [Test]
    public void Name_has_a_greatest_length()
    {
        EventTypes.IsValidName(new string('a', EventTypes.MaxNameLength)).Should().BeTrue();
        EventTypes.IsValidName(new string('a', EventTypes.MaxNameLength + 1)).Should().BeFalse();
    }

    [TestCase("user_42", true)]
    [TestCase("auth0|5f7c8ec7", true)]
    [TestCase("a@b.com+x:1", true)]
    [TestCase("", false)]
    [TestCase(null, false)]
    [TestCase(".", false)]
    [TestCase("..", false)]
    [TestCase("negotiate", false)]
    [TestCase("a/b", false)]
    [TestCase("a b", false)]
    [TestCase("ü", false)]
    public void User_ids_follow_their_rule(string? id, bool isValid) => UserId.IsValid(id).Should().Be(isValid);

    [Test]
    public void Hub_path_is_percent_encoded() => Routes.HubFor("a|b@c").Should().Be("/api/v1/ws/agents/a%7Cb%40c");

    [TestCase(HistoryLostReason.EpochChanged, "\"epoch_changed\"")]
    [TestCase(HistoryLostReason.AheadOfHead, "\"ahead_of_head\"")]
    [TestCase(HistoryLostReason.Trimmed, "\"trimmed\"")]
    [TestCase(HistoryLostReason.Forked, "\"forked\"")]
    public void Reasons_have_their_wire_names(HistoryLostReason reason, string json) =>
        JsonSerializer.Serialize(reason, RealtimeJsonContext.Default.HistoryLostReason).Should().Be(json);

    static AgentEventEnvelope Envelope(string type, string data) =>
        new() { Type = type, Id = Guid.NewGuid(), Position = new StreamPosition("e", 1), Time = DateTimeOffset.UnixEpoch, Data = EventData.Parse(data) };
}
