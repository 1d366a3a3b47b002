using System.Collections.Concurrent;
using System.Reflection;

namespace Realtime.Tests.Support;

/// <summary>Stands before a service and writes down who calls what; <typeparamref name="T"/> is an interface.</summary>
class Recording<T> : DispatchProxy
    where T : class
{
    T _real = null!;
    ConcurrentQueue<(string Method, object?[] Arguments)> _calls = null!;

    internal static T Of(T real, ConcurrentQueue<(string Method, object?[] Arguments)> calls)
    {
        var proxy = Create<T, Recording<T>>();
        var recording = (Recording<T>)(object)proxy;
        recording._real = real;
        recording._calls = calls;
        return proxy;
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        _calls.Enqueue((targetMethod!.Name, args ?? []));
        return targetMethod.Invoke(_real, BindingFlags.DoNotWrapExceptions, binder: null, args, culture: null);
    }
}
