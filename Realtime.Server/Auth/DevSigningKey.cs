using System.Security.Cryptography;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Realtime.Contracts.Rest;

namespace Realtime.Server.Auth;

/// <summary>
/// The key behind <c>/dev/tokens</c>, in the Development environment only: the first symmetric key of the configuration
/// (as <c>dotnet user-jwts</c> writes it), else one made at the first start and kept beside the embedded store, so that
/// tokens survive a restart. Where a token authority is configured there is no such key.
/// </summary>
internal sealed class DevSigningKey(IHostEnvironment environment, IConfiguration configuration, TimeProvider time)
{
    private const string Issuer = "urn:realtime:development";
    private const int KeyBytes = 32;
    private static readonly TimeSpan TokenLife = TimeSpan.FromHours(1);
    private readonly Lock _lock = new();
    private SigningCredentials? _credentials;
    private string _issuer = Issuer;
    private string? _audience;

    internal static bool IsAvailable(IHostEnvironment environment, IConfiguration configuration) =>
        environment.IsDevelopment() && string.IsNullOrEmpty(configuration["Authentication:Schemes:Bearer:Authority"])
        && string.IsNullOrEmpty(configuration["Authentication:Schemes:Bearer:MetadataAddress"]);

    /// <summary>Makes the bearer scheme accept what <see cref="Issue"/> signs.</summary>
    internal void AddTo(JwtBearerOptions bearer)
    {
        if (!IsAvailable(environment, configuration)) return;

        var rules = bearer.TokenValidationParameters;
        var configured = rules.IssuerSigningKeys?.OfType<SymmetricSecurityKey>().FirstOrDefault();
        var key = configured ?? LoadOrMakeKey();
        if (configured is null)
        {
            rules.IssuerSigningKeys = [.. rules.IssuerSigningKeys ?? [], key];
            rules.ValidIssuers = [.. rules.ValidIssuers ?? [], Issuer];
            rules.ValidateIssuer = true;
        }

        lock (_lock)
        {
            _issuer = configured is null ? Issuer : rules.ValidIssuer ?? rules.ValidIssuers?.FirstOrDefault() ?? Issuer;
            _audience = rules.ValidAudience ?? rules.ValidAudiences?.FirstOrDefault();
            _credentials = new SigningCredentials(key, SecurityAlgorithms.HmacSha256);
        }
    }

    /// <summary>Signs a token. The bearer options must have been read before.</summary>
    internal DevToken Issue(string userId, IEnumerable<string> scopes)
    {
        lock (_lock)
        {
            var now = time.GetUtcNow();
            var expiresAt = DateTimeOffset.FromUnixTimeSeconds((now + TokenLife).ToUnixTimeSeconds());
            var token = new SecurityTokenDescriptor
            {
                Issuer = _issuer,
                Audience = _audience,
                IssuedAt = now.UtcDateTime,
                NotBefore = now.UtcDateTime,
                Expires = expiresAt.UtcDateTime,
                SigningCredentials = _credentials ?? throw new InvalidOperationException("There is no development key."),
                Claims = new Dictionary<string, object>(StringComparer.Ordinal)
                {
                    [TokenClaims.Subject] = userId,
                    ["scope"] = string.Join(' ', scopes),
                    ["jti"] = Guid.CreateVersion7(now).ToString(),
                },
            };
            return new DevToken { AccessToken = new JsonWebTokenHandler().CreateToken(token), ExpiresAt = expiresAt };
        }
    }

    private SymmetricSecurityKey LoadOrMakeKey()
    {
        string path = Path.Combine(environment.ContentRootPath, "data", "development.key");
        if (!File.Exists(path))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            string draft = $"{path}.{Guid.NewGuid():N}";
            File.WriteAllBytes(draft, RandomNumberGenerator.GetBytes(KeyBytes));
            if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(draft, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            try
            {
                File.Move(draft, path, overwrite: false);
            }
            catch (IOException) when (File.Exists(path))
            {
                File.Delete(draft); // another node was faster: its key is the key
            }
        }

        return new SymmetricSecurityKey(File.ReadAllBytes(path)) { KeyId = "development" };
    }
}
