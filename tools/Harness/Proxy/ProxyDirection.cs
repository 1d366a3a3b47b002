namespace Realtime.Harness;

/// <summary>Which way bytes flow through a <see cref="CuttableProxy"/>.</summary>
public enum ProxyDirection
{
    /// <summary>From whoever connected to the proxy towards the target.</summary>
    ToServer,

    /// <summary>From the target back.</summary>
    ToClient,
}
