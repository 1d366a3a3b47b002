using System.Security.Cryptography;

namespace Realtime.Client;

/// <summary>Uniform numbers in [0, 1) for spreading clients in time, and the arithmetic that survives a misbehaving source.</summary>
internal static class JitterSource
{
    private const double Scale = 1.0 / (1UL << 53);

    /// <summary>Thread-safe; unseeded, so that clients started in the same instant differ.</summary>
    public static double Next()
    {
        byte[] bytes = new byte[8];
        using (var random = RandomNumberGenerator.Create()) random.GetBytes(bytes);
        return (BitConverter.ToUInt64(bytes, 0) >> 11) * Scale;
    }

    /// <summary>A value of the source, forced into [0, 1); 0 when the source throws or answers nonsense.</summary>
    public static double Sample(Func<double> source)
    {
        double value;
        try
        {
            value = source();
        }
        catch (Exception)
        {
            // Jitter is an ornament: a broken source must not break the connection.
            return 0;
        }

        if (double.IsNaN(value) || value <= 0) return 0;
        return value >= 1 ? BelowOne : value;
    }

    /// <summary>A time between two bounds.</summary>
    public static TimeSpan Between(Func<double> source, TimeSpan least, TimeSpan most) =>
        least + TimeSpan.FromTicks((long)((most - least).Ticks * Sample(source)));

    private const double BelowOne = 1 - Scale;
}
