using System.Security.Cryptography;

namespace Realtime.Client.Publishing;

/// <summary>Identities that sort by the time they were made (RFC 9562, version 7), also where the framework cannot make them.</summary>
internal static class GuidVersion7
{
    public static Guid Create(TimeProvider time)
    {
        byte[] bytes = new byte[16];
        using (var random = RandomNumberGenerator.Create()) random.GetBytes(bytes);

        long milliseconds = time.GetUtcNow().ToUnixTimeMilliseconds();
        for (int i = 5; i >= 0; i--, milliseconds >>= 8) bytes[i] = (byte)milliseconds;
        bytes[6] = (byte)(0x70 | (bytes[6] & 0x0F));
        bytes[8] = (byte)(0x80 | (bytes[8] & 0x3F));

        // The constructor takes the first three groups in the machine's own order.
        return new Guid(
            (bytes[0] << 24) | (bytes[1] << 16) | (bytes[2] << 8) | bytes[3],
            (short)((bytes[4] << 8) | bytes[5]),
            (short)((bytes[6] << 8) | bytes[7]),
            bytes[8], bytes[9], bytes[10], bytes[11], bytes[12], bytes[13], bytes[14], bytes[15]);
    }
}
