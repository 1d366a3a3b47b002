using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Text;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Realtime.Client;
using Realtime.Contracts;
using Realtime.Contracts.Events;
using Realtime.Harness;
using Realtime.Tests.Support;

namespace Realtime.Tests.Docs;

/// <summary>docs/clients.md and the READMEs that travel with the packages: their C# compiles, and what they claim is so.</summary>
public sealed class ClientsPageTests
{
    const string Page = "docs/clients.md";

    [TestCase(Page)]
    [TestCase("Realtime.Client/README.md")]
    [TestCase("Realtime.Client.Testing/README.md")]
    [TestCase("Realtime.Contracts/README.md")]
    [TestCase("Realtime.Server/README.md")]
    public void Every_block_of_csharp_is_compiled(string document)
    {
        string compiled = Markdown.WithoutIndent(File.ReadAllText(Path.Combine(RepositoryPaths.Root, "Realtime.Tests", "Docs", "ClientsSnippets.cs")))
            + Markdown.WithoutIndent(File.ReadAllText(Path.Combine(RepositoryPaths.Root, "Realtime.Tests", "Docs", "ReadmeSnippets.cs")));
        var blocks = Markdown.Blocks(document).Where(b => b.Language == "csharp").ToList();

        blocks.Should().NotBeEmpty();
        foreach (var (_, code) in blocks) compiled.Should().Contain(Markdown.WithoutIndent(code));
    }

    [Test]
    public void Page_stays_a_page() => File.ReadLines(Path.Combine(RepositoryPaths.Root, Page)).Should().HaveCountLessThanOrEqualTo(150);

    [Test]
    public void Configuration_of_the_page_is_taken()
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        string json = Markdown.Blocks(Page).Single(b => b.Language == "json").Code;
        builder.Configuration.AddJsonStream(new MemoryStream(Encoding.UTF8.GetBytes(json)));
        builder.Services.AddSingleton<ReadmeSnippets.Tokens>().AddSingleton<ClientsSnippets.Losses>();
        ClientsSnippets.AddToHost(builder);
        using var host = builder.Build();

        host.Services.GetRequiredService<AgentEventsClient>().Status.State.Should().Be(ConnectionState.Disconnected);
    }

    [Test]
    public async Task Test_of_the_page_passes()
    {
        var handler = new Recorder();

        await ClientsSnippets.TestAsync(handler).WithinDeadline();

        handler.Titles.Should().Equal("Morning", "Evening");
    }

    [Test]
    public void Counters_of_the_page_are_those_of_the_meter()
    {
        var names = new ConcurrentBag<string>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, _) =>
            {
                if (instrument.Meter.Name == AgentEventsTelemetry.MeterName) names.Add(instrument.Name);
            },
        };
        listener.Start();
        System.Runtime.CompilerServices.RuntimeHelpers.RunClassConstructor(typeof(Realtime.Client.Telemetry.ClientMetrics).TypeHandle);

        string page = File.ReadAllText(Path.Combine(RepositoryPaths.Root, Page));
        names.Should().NotBeEmpty();
        names.Should().OnlyContain(name => page.Contains($"`{name.Replace("realtime.client.", string.Empty, StringComparison.Ordinal)}`", StringComparison.Ordinal));
    }

    [Test]
    public void Options_of_the_page_are_all_there_are()
    {
        string page = File.ReadAllText(Path.Combine(RepositoryPaths.Root, Page));

        typeof(AgentEventsClientOptions).GetProperties().Select(p => p.Name).Where(name => !page.Contains($"`{name}`", StringComparison.Ordinal)).Should().BeEmpty();
    }

    sealed class Recorder : IAgentEventHandler<BriefingDelivered>
    {
        public ConcurrentQueue<string> Titles { get; } = new();

        public Task HandleAsync(AgentEvent<BriefingDelivered> agentEvent, CancellationToken cancellationToken)
        {
            Titles.Enqueue(agentEvent.Data.Title);
            return Task.CompletedTask;
        }
    }
}
