using System.Reflection;

namespace Realtime.Tests.Security;

/// <summary>Stands for a service by answering every call with one function; <typeparamref name="T"/> is an interface.</summary>
class Stub<T> : DispatchProxy
    where T : class
{
    Func<string, object?[], object?> _answer = null!;

    internal static T Of(Func<string, object?[], object?> answer)
    {
        var proxy = Create<T, Stub<T>>();
        ((Stub<T>)(object)proxy)._answer = answer;
        return proxy;
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => _answer(targetMethod!.Name, args ?? []);
}
