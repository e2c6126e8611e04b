using Weir.Iptables.Tests.Support;
using Weir.Model;

namespace Weir.Iptables.Tests;

/// <summary>Whatever is typed or piped in, a tool answers with one of its exit codes, and changes nothing when it refuses.</summary>
public sealed class HostileInputTests
{
    [Fact]
    public void DamagedCommands_AreAnswered()
    {
        for (var seed = 1; seed <= 40; seed++)
        {
            var random = new Random(seed);
            var generator = new CommandGenerator(random);
            var store = new MemoryStore();
            for (var i = 0; i < 100; i++)
            {
                var arguments = generator.Command();
                for (var n = random.Next(3); n > 0 && arguments.Count > 0; n--)
                {
                    var at = random.Next(arguments.Count);
                    arguments[at] = Damage(arguments[at], random);
                }
                var before = store.Read(AddressFamily.IPv4);
                var outcome = Tools.Run(store, "iptables", arguments);
                Assert.InRange(outcome.ExitCode, 0, 4);
                if (outcome.ExitCode != 0) Assert.Equal(before, store.Read(AddressFamily.IPv4));
            }
        }
    }

    [Fact]
    public void DamagedFiles_AreAnswered()
    {
        for (var seed = 1; seed <= 200; seed++)
        {
            var random = new Random(seed);
            var store = new MemoryStore();
            var file = Damage(new CommandGenerator(random).RestoreFile(), random);
            var before = store.Read(AddressFamily.IPv4);
            var outcome = Tools.Run(store, "iptables-restore", random.Next(2) == 0 ? [] : ["-c", "-n"], file);
            Assert.InRange(outcome.ExitCode, 0, 4);
            if (outcome.ExitCode != 0) Assert.Equal(before, store.Read(AddressFamily.IPv4));
        }
    }

    private static string Damage(string text, Random random)
    {
        var characters = text.ToList();
        for (var n = random.Next(1, 4); n > 0; n--)
        {
            var at = random.Next(characters.Count + 1);
            switch (random.Next(3))
            {
                case 0:
                    characters.Insert(at, (char)random.Next(1, 0x180));
                    break;
                case 1 when at < characters.Count:
                    characters.RemoveAt(at);
                    break;
                case 2 when at < characters.Count:
                    characters[at] = "!-:,/[]\"\\0\n "[random.Next(12)];
                    break;
            }
        }
        return new string([.. characters]);
    }
}
