using Realtime.Contracts.Rest;
using Realtime.Server.Revocations;
using Realtime.Tests.Support;
using static Realtime.Tests.Specifications.EventStoreTestEvents;

namespace Realtime.Tests.Specifications;

/// <summary>What any table of revocations promises.</summary>
internal abstract class RevocationStoreSpecification
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 23, 12, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset FarAway = new(2999, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private protected EventStoresUnderTest Stores { get; private set; } = null!;

    private protected abstract Task<EventStoresUnderTest> CreateAsync();

    private IRevocationStore Table => Stores.Revocations;

    [OneTimeSetUp]
    public async Task Open()
    {
        Stores = await CreateAsync();
        await Stores.Events.InitializeAsync(CancellationToken.None).WithinDeadline(Patience);
    }

    [OneTimeTearDown]
    public async Task Close()
    {
        if (Stores is not null) await Stores.DisposeAsync();
    }

    [Test]
    public async Task A_change_is_seen_once_by_whoever_knows_what_came_before()
    {
        var before = (await ReadAsync()).Mark;
        string jti = NewUser();

        var revoked = await RevokeAsync(Token(jti) with { ExpiresAt = FarAway, Reason = "lost", By = "anna" });
        var changes = await ReadAsync(before.Version);

        revoked.Should().BeEquivalentTo(new { Jti = jti, UserId = (string?)null, ExpiresAt = FarAway, Reason = "lost", RevokedBy = "anna" });
        changes.Entries.Should().ContainSingle().Which.Should().BeEquivalentTo(new { Kind = RevocationKind.Token, Subject = jti, IsWithdrawn = false });
        before.IsContinuedBy(changes.Mark).Should().BeTrue();
        (await ReadAsync(changes.Mark.Version)).Entries.Should().BeEmpty();
        (await ReadAsync()).Entries.Should().Contain(e => e.Subject == jti);
    }

    [Test]
    public async Task A_users_tokens_are_revoked_up_to_the_stores_now_unless_a_time_is_given()
    {
        string now = NewUser(), given = NewUser();

        var byClock = await RevokeAsync(User(now));
        var byTime = await RevokeAsync(User(given) with { IssuedBefore = Noon });

        byClock.IssuedBefore.Should().Be(byClock.RevokedAt);
        byClock.RevokedAt.Should().BeCloseTo(await Stores.Events.ReadClockAsync(CancellationToken.None), TimeSpan.FromMinutes(1));
        (byTime.UserId, byTime.IssuedBefore, byTime.ExpiresAt).Should().Be((given, Noon, null));
    }

    [Test]
    public async Task Revoking_again_never_narrows_what_is_revoked()
    {
        string user = NewUser(), jti = NewUser(), forGood = NewUser();
        await RevokeAsync(User(user) with { IssuedBefore = Noon });
        await RevokeAsync(Token(jti) with { ExpiresAt = FarAway });
        await RevokeAsync(Token(forGood));

        (await RevokeAsync(User(user) with { IssuedBefore = Noon.AddHours(-1) })).IssuedBefore.Should().Be(Noon);
        (await RevokeAsync(User(user) with { IssuedBefore = Noon.AddHours(1) })).IssuedBefore.Should().Be(Noon.AddHours(1));
        (await RevokeAsync(Token(jti) with { ExpiresAt = FarAway.AddHours(-1) })).ExpiresAt.Should().Be(FarAway);
        (await RevokeAsync(Token(forGood) with { ExpiresAt = FarAway })).ExpiresAt.Should().BeNull();
    }

    [Test]
    public async Task What_is_taken_back_is_seen_as_a_change_and_may_be_revoked_anew()
    {
        string user = NewUser();
        await RevokeAsync(User(user) with { IssuedBefore = Noon });
        var before = (await ReadAsync()).Mark;

        (await WithdrawAsync(RevocationKind.User, user)).Should().BeTrue();
        (await WithdrawAsync(RevocationKind.User, user)).Should().BeFalse();
        (await WithdrawAsync(RevocationKind.Token, user)).Should().BeFalse("it was a user");

        (await ReadAsync(before.Version)).Entries.Should().ContainSingle().Which.Should().BeEquivalentTo(new { Subject = user, IsWithdrawn = true });
        (await ListAsync(new RevocationQuestion(RevocationKind.User, user, null, 10))).Revocations.Should().BeEmpty();
        (await RevokeAsync(User(user) with { IssuedBefore = Noon.AddHours(-1) })).IssuedBefore.Should().Be(Noon.AddHours(-1), "the first one is gone");
    }

    [Test]
    public async Task An_expired_entry_is_not_listed_and_a_disconnect_is_no_revocation()
    {
        string jti = NewUser(), user = NewUser();
        await RevokeAsync(Token(jti) with { ExpiresAt = Noon.AddYears(-1) });
        var mark = (await ReadAsync()).Mark;
        await RevokeAsync(new NewRevocation(RevocationKind.Disconnect, user, null, null, null, "anna"));

        (await ReadAsync(mark.Version)).Entries.Should().ContainSingle().Which.Kind.Should().Be(RevocationKind.Disconnect);
        (await ReadAsync()).Entries.Should().NotContain(e => e.Subject == jti, "what expired more than a day ago is forgotten with the next change");
        (await ListAsync(new RevocationQuestion(null, null, null, 1000))).Revocations.Should().NotContain(r => r.Jti == jti || r.UserId == user);
    }

    [Test]
    public async Task Pages_list_everything_newest_first()
    {
        string[] ids = [NewUser(), NewUser(), NewUser()];
        foreach (string id in ids) await RevokeAsync(Token(id));

        var first = await ListAsync(new RevocationQuestion(null, null, null, 2));
        var second = await ListAsync(new RevocationQuestion(null, null, first.Next, 1));

        first.HasMore.Should().BeTrue();
        first.Revocations.Concat(second.Revocations).Select(r => r.Jti).Should().Equal(ids.Reverse());
        (await ListAsync(new RevocationQuestion(RevocationKind.Token, ids[0], null, 10))).Should().BeEquivalentTo(new { HasMore = false, Next = (long?)null });
    }

    [Test]
    public async Task Nothing_is_missed_by_reading_changes_while_two_nodes_revoke()
    {
        const int each = 10;
        await using var other = Stores.AnotherNode();
        await other.Events.InitializeAsync(CancellationToken.None).WithinDeadline(Patience);
        var mark = (await ReadAsync()).Mark;
        var seen = new List<string>();
        var wanted = Enumerable.Range(0, 8).Select(_ => Enumerable.Range(0, each).Select(_ => NewUser()).ToList()).ToList();

        var writing = Task.WhenAll(wanted.Select((ids, writer) => Task.Run(async () =>
        {
            var table = writer % 2 == 0 ? Table : other.Revocations;
            foreach (string id in ids) await table.RevokeAsync(Token(id), CancellationToken.None);
        })));
        bool isLast;
        do
        {
            isLast = writing.IsCompleted;
            var changes = await ReadAsync(mark.Version);
            seen.AddRange(changes.Entries.Select(e => e.Subject));
            mark = changes.Mark;
        }
        while (!isLast);
        await writing.WithinDeadline(Patience);

        seen.Should().BeEquivalentTo(wanted.SelectMany(ids => ids));
    }

    private static NewRevocation Token(string jti) => new(RevocationKind.Token, jti, null, null, null, "operator");

    private static NewRevocation User(string user) => new(RevocationKind.User, user, null, null, null, "operator");

    private Task<RevocationChanges> ReadAsync(long since = 0) => Table.ReadChangesAsync(since, CancellationToken.None).WithinDeadline(Patience);

    private Task<Revocation> RevokeAsync(NewRevocation wanted) => Table.RevokeAsync(wanted, CancellationToken.None).WithinDeadline(Patience);

    private Task<bool> WithdrawAsync(RevocationKind kind, string subject) => Table.WithdrawAsync(kind, subject, CancellationToken.None).WithinDeadline(Patience);

    private Task<RevocationPage> ListAsync(RevocationQuestion question) => Table.ListAsync(question, CancellationToken.None).WithinDeadline(Patience);
}
