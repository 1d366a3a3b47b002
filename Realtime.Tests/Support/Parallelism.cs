// Most of a run is waiting: for a process to start, a lock to time out, a deadline to pass. Fixtures therefore run beside each
// other, the tests of one in turn. What looks at all processes of the run, or at its environment, says [NonParallelizable].
[assembly: NUnit.Framework.Parallelizable(NUnit.Framework.ParallelScope.Fixtures)]
[assembly: NUnit.Framework.LevelOfParallelism(4)]
