using System.Security.Claims;
using Microsoft.Extensions.Time.Testing;
using Realtime.Server.Auth;

namespace Realtime.Tests.Server;

/// <summary>The memory of validated tokens: never longer than the token, and bounded.</summary>
public sealed class ValidatedTokensTests
{
    static readonly TimeSpan Skew = TimeSpan.FromSeconds(5);
    readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 23, 12, 0, 0, TimeSpan.Zero));

    [Test]
    public void A_token_is_found_with_its_user_and_only_by_its_exact_text()
    {
        var tokens = new ValidatedTokens(_time);
        var anna = User("anna");

        tokens.Add("header.payload.signature", anna, In(60), Skew);

        tokens.Find("header.payload.signature")!.User.Should().BeSameAs(anna);
        tokens.Find("header.payload.signaturf").Should().BeNull();
        tokens.Find("header.payload.signature ").Should().BeNull();
        tokens.Find(string.Empty).Should().BeNull();
    }

    [Test]
    public void An_entry_ends_when_validation_would_refuse_the_token()
    {
        var tokens = new ValidatedTokens(_time);
        tokens.Add("t", User("anna"), In(60), Skew);

        _time.Advance(TimeSpan.FromSeconds(64.9));
        tokens.Find("t").Should().NotBeNull("the skew of the clocks is granted here too");
        _time.Advance(TimeSpan.FromSeconds(0.1));
        tokens.Find("t").Should().BeNull();
    }

    [Test]
    public void However_long_a_token_lives_its_signature_is_checked_again_after_five_minutes()
    {
        var tokens = new ValidatedTokens(_time);
        tokens.Add("t", User("anna"), In(86_400), Skew);

        _time.Advance(ValidatedTokens.LongestStay - TimeSpan.FromSeconds(1));
        tokens.Find("t").Should().NotBeNull();
        _time.Advance(TimeSpan.FromSeconds(1));
        tokens.Find("t").Should().BeNull("using it does not prolong it");
    }

    [Test]
    public void All_are_forgotten_when_what_made_them_valid_has_changed()
    {
        var tokens = new ValidatedTokens(_time);
        tokens.Add("t", User("anna"), In(60), Skew);

        tokens.Clear();

        tokens.Find("t").Should().BeNull();
    }

    [Test]
    public void Tokens_that_nobody_uses_make_room_and_one_in_use_stays()
    {
        var tokens = new ValidatedTokens(_time);
        tokens.Add("unused", User("anna"), In(60), Skew);
        tokens.Add("in use", User("berta"), In(60), Skew);

        for (int i = 0; i < 3 * ValidatedTokens.Capacity; i++)
        {
            tokens.Add($"t{i}", User("carl"), In(60), Skew);
            if (i % 1000 == 0) tokens.Find("in use").Should().NotBeNull();
        }

        tokens.Find("unused").Should().BeNull();
        tokens.Find("in use")!.User.FindFirst("sub")!.Value.Should().Be("berta");
    }

    [Test]
    public void A_token_of_any_length_is_kept_apart()
    {
        var tokens = new ValidatedTokens(_time);
        string large = new('x', 20_000);
        tokens.Add(large, User("anna"), In(60), Skew);

        tokens.Find(large).Should().NotBeNull();
        tokens.Find(large + "x").Should().BeNull();
    }

    DateTimeOffset In(int seconds) => _time.GetUtcNow().AddSeconds(seconds);

    static ClaimsPrincipal User(string name) => new(new ClaimsIdentity([new Claim("sub", name)], "test"));
}
