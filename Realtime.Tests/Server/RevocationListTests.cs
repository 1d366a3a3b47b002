using System.Security.Claims;
using Realtime.Server.Auth;
using Realtime.Server.Revocations;

namespace Realtime.Tests.Server;

/// <summary>A node's copy of what is revoked.</summary>
public sealed class RevocationListTests
{
    const long Noon = 1_795_435_200;
    RevocationList _list = null!;

    [SetUp]
    public void Create() => _list = new RevocationList();

    [Test]
    public void A_list_that_was_never_loaded_says_so_and_an_empty_one_revokes_nothing()
    {
        _list.IsLoaded.Should().BeFalse();

        _list.Replace([]);

        _list.IsLoaded.Should().BeTrue();
        _list.IsRevoked(Token("anna", "t1", "0")).Should().BeFalse();
        _list.IsRevoked(new ClaimsPrincipal()).Should().BeFalse("an empty list does not even look at the token");
    }

    [Test]
    public void A_token_is_revoked_by_its_exact_jti_only()
    {
        _list.Replace([OfToken("t1")]);

        _list.IsRevoked(Token("anna", "t1", "0")).Should().BeTrue();
        _list.IsRevoked(Token("anna", "T1", "0")).Should().BeFalse();
        _list.IsRevoked(Token("anna", jti: null, "0")).Should().BeFalse();
    }

    [TestCase("1795435199", ExpectedResult = true)]
    [TestCase("1795435199.999999", ExpectedResult = true)]
    [TestCase("1795435200", ExpectedResult = false)]
    [TestCase("1795435200.5", ExpectedResult = false)]
    [TestCase("1.795435199e9", ExpectedResult = true)]
    [TestCase(null, ExpectedResult = true)]
    [TestCase("yesterday", ExpectedResult = true)]
    [TestCase("NaN", ExpectedResult = true)]
    [TestCase("-1", ExpectedResult = true)]
    [TestCase("1e300", ExpectedResult = true)]
    public bool A_users_token_is_revoked_when_it_is_older_or_does_not_say_how_old_it_is(string? iat)
    {
        _list.Replace([OfUser("anna", Noon)]);

        _list.IsRevoked(Token("berta", "t1", iat)).Should().BeFalse();
        return _list.IsRevoked(Token("anna", "t1", iat));
    }

    [Test]
    public void Changes_are_added_moved_and_taken_back()
    {
        _list.Replace([]);

        _list.Apply([OfToken("t1"), OfUser("anna", Noon - 10), new RevocationEntry(RevocationKind.Disconnect, "berta", null, false, 3)]);
        _list.IsRevoked(Token("anna", "t9", $"{Noon - 5}")).Should().BeFalse();
        _list.Apply([OfUser("anna", Noon)]);
        _list.IsRevoked(Token("anna", "t9", $"{Noon - 5}")).Should().BeTrue();
        _list.IsRevoked(Token("berta", "t9", "0")).Should().BeFalse("a disconnect refuses no token");
        _list.Apply([OfToken("t1") with { IsWithdrawn = true }, OfUser("anna", Noon) with { IsWithdrawn = true }]);

        _list.IsRevoked(Token("anna", "t1", "0")).Should().BeFalse();
        _list.IsRevoked(new ClaimsPrincipal()).Should().BeFalse("it is empty again");
    }

    [Test]
    public void A_new_copy_holds_nothing_of_the_old_one()
    {
        _list.Replace([OfToken("t1"), OfUser("anna", Noon)]);
        _list.Replace([OfToken("t2")]);

        _list.IsRevoked(Token("anna", "t1", "0")).Should().BeFalse();
        _list.IsRevoked(Token("anna", "t2", "0")).Should().BeTrue();
    }

    [Test]
    public void A_connection_is_judged_by_the_token_on_which_it_rests()
    {
        var expiry = DateTimeOffset.FromUnixTimeSeconds(Noon + 3600);
        _list.Replace([OfToken("t1"), OfUser("anna", Noon)]);

        _list.IsRevoked("anna", new Admission("t2", (Noon - 1) * 1_000_000, expiry)).Should().BeTrue();
        _list.IsRevoked("anna", new Admission("t2", Noon * 1_000_000, expiry)).Should().BeFalse();
        _list.IsRevoked("berta", new Admission("t1", Noon * 1_000_000, expiry)).Should().BeTrue();
        _list.IsRevoked("berta", new Admission(null, null, expiry)).Should().BeFalse();
    }

    static RevocationEntry OfToken(string jti) => new(RevocationKind.Token, jti, null, IsWithdrawn: false, Version: 1);

    static RevocationEntry OfUser(string user, long before) => new(RevocationKind.User, user, before * 1_000_000, IsWithdrawn: false, Version: 2);

    static ClaimsPrincipal Token(string user, string? jti, string? iat)
    {
        var identity = new ClaimsIdentity([new Claim("sub", user)], "test");
        if (jti is not null) identity.AddClaim(new Claim("jti", jti));
        if (iat is not null) identity.AddClaim(new Claim("iat", iat));
        return new ClaimsPrincipal(identity);
    }
}
