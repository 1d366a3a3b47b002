using Realtime.Harness;

namespace Realtime.Tests.Harness;

public sealed class PostgresBinariesTests
{
    TempFolder _folder = null!;

    [SetUp]
    public void Make() => _folder = TempFolder.Create("test");

    [TearDown]
    public void Remove() => _folder.Dispose();

    [Test]
    public void Newest_version_wins_by_number_and_not_by_text()
    {
        Install("versions/9.6/bin", "postgres", "initdb", "psql");
        var newest = Install("versions/17/bin", "postgres", "initdb", "psql");

        PostgresBinaries.Find(In("versions"), []).Should().Be(newest);
    }

    [Test]
    public void Stray_postgres_without_initdb_beside_it_is_passed_over()
    {
        var stray = Install("stray", "postgres");
        var full = Install("full", "postgres", "initdb", "psql");

        PostgresBinaries.Find(In("none"), [stray, full]).Should().Be(full);
    }

    [Test]
    public void Missing_installation_says_what_to_install()
    {
        var find = () => PostgresBinaries.Find(In("none"), [Install("stray", "postgres")]);

        find.Should().Throw<HarnessException>().WithMessage("*apt-get install -y postgresql");
    }

    string In(string path) => Path.Combine(_folder.Path, path);

    string Install(string folder, params string[] programs)
    {
        Directory.CreateDirectory(In(folder));
        foreach (var program in programs)
            File.WriteAllText(Path.Combine(In(folder), program), "");
        return In(folder);
    }
}
