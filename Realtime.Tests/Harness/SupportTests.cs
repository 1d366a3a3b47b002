using Realtime.Tests.Support;

namespace Realtime.Tests.Harness;

/// <summary>What guards all other tests must itself be able to fail.</summary>
public sealed class SupportTests
{
    static readonly TimeSpan Short = TimeSpan.FromMilliseconds(100);

    [Test]
    public async Task Eventually_returns_once_the_condition_holds()
    {
        var calls = 0;
        await Eventually.Async("the third call comes", () => ++calls == 3);
        calls.Should().Be(3);
    }

    [Test]
    public async Task Eventually_fails_with_its_reason_when_the_condition_never_holds()
    {
        var wait = () => Eventually.Async("pigs fly", () => false, Short);
        await wait.Should().ThrowAsync<AssertionException>().WithMessage("*until pigs fly*");
    }

    [Test]
    public async Task Eventually_fails_when_one_evaluation_hangs()
    {
        var wait = () => Eventually.Async("pigs fly", () => new TaskCompletionSource<bool>().Task, Short);
        await wait.Should().ThrowAsync<AssertionException>().WithMessage("*pigs fly*");
    }

    [Test]
    public async Task Deadline_names_what_it_waited_for()
    {
        var nobody = new TaskCompletionSource<int>();
        var wait = () => nobody.Task.WithinDeadline(Short);
        await wait.Should().ThrowAsync<AssertionException>().WithMessage("*nobody.Task*");
    }

    [Test]
    public async Task Deadline_passes_results_and_exceptions_through()
    {
        (await Task.FromResult(7).WithinDeadline()).Should().Be(7);
        var wait = () => Task.FromException(new TimeoutException("its own")).WithinDeadline();
        await wait.Should().ThrowAsync<TimeoutException>().WithMessage("its own");
    }
}
