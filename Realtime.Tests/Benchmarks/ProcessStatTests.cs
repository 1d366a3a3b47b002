using System.Diagnostics;
using Realtime.Benchmarks.Measure;
using Realtime.Tests.Support;

namespace Realtime.Tests.Benchmarks;

/// <summary>CPU that is not counted would flatter whoever used it.</summary>
public sealed class ProcessStatTests
{
    [Test]
    public async Task Work_of_a_child_counts_also_after_its_end()
    {
        // The inner shell works and ends; the outer one lives on, as a postmaster does.
        using var parent = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", "sh -c 'i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done'; echo done; read end"])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        (await parent.StandardOutput.ReadLineAsync().WithinDeadline(TimeSpan.FromSeconds(60))).Should().Be("done");

        ProcessStat.CpuOfFamily(parent.Id).Should().BeGreaterThan(ProcessStat.Cpu(parent.Id));

        parent.StandardInput.Close();
        await parent.WaitForExitAsync().WithinDeadline();
    }

    [Test]
    public void A_process_has_used_memory_and_the_machine_at_least_its_time()
    {
        ProcessStat.Memory(Environment.ProcessId).Should().BeGreaterThan(1024 * 1024);
        ProcessStat.CpuOfMachine().Should().BeGreaterThan(ProcessStat.Cpu(Environment.ProcessId));
    }
}
