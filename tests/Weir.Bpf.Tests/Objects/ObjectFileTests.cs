using Weir.Bpf.Btf;
using Weir.Bpf.Instructions;
using Weir.Bpf.Objects;

namespace Weir.Bpf.Tests.Objects;

public sealed class ObjectFileTests
{
    private static ObjectFile Sample()
    {
        var btf = new BtfBuilder();
        var word = btf.AddInteger("int", 4, true);
        var function = btf.AddFunction("Main", btf.AddPrototype(word, [new("context", btf.AddPointer(btf.AddForwardStruct("__sk_buff")))]), FunctionLinkage.Global);
        var (low, high) = Instruction.LoadMap(Register.R1);
        var line = btf.AddLine(0, "Main.cs", "return 0;", 7, 9);
        return new ObjectFile
        {
            Btf = btf.Build(),
            Maps =
            [
                new MapDefinition("flows", MapKind.Hash, 4, 8, 100) { Flags = 1, KeyTypeId = 1, ValueTypeId = 1 },
                new MapDefinition("images", MapKind.ArrayOfMaps, 4, 4, 1) { Inner = new MapDefinition("inner", MapKind.Array, 4, 64, 16) { Flags = 1 << 12 } },
                new MapDefinition(".rodata", MapKind.Array, 4, 3, 1) { Data = [1, 2, 3], IsFrozen = true },
            ],
            Programs =
            [
                new ProgramDefinition("Main", "tc/ingress", [low, high, Instruction.Exit()])
                {
                    Relocations = [new(0, RelocationKind.MapDescriptor, "flows")],
                    Functions = [new(0, function)],
                    Lines = [line],
                },
            ],
        };
    }

    [Fact]
    public void What_is_written_is_read_back()
    {
        var sample = Sample();
        var bytes = sample.Write();
        var read = ObjectFile.Read(bytes);
        Assert.Equal(bytes, read.Write());
        Assert.Equal(sample.Btf, read.Btf);
        Assert.Equal(sample.Map("flows"), read.Map("flows"));
        Assert.Equal(sample.Map("images"), read.Map("images"));
        Assert.Equal([1, 2, 3], read.Map(".rodata").Data);
        var program = read.Program("Main");
        Assert.Equal("tc/ingress", program.Section);
        Assert.Equal(sample.Programs[0].Instructions, program.Instructions);
        Assert.Equal(sample.Programs[0].Relocations, program.Relocations);
        Assert.Equal(sample.Programs[0].Functions, program.Functions);
        Assert.Equal((7, 9), (program.Lines[0].Line, program.Lines[0].Column));
    }

    [Fact]
    public void Different_objects_have_different_fingerprints()
    {
        var one = Sample();
        var other = new ObjectFile { Btf = one.Btf, Maps = one.Maps };
        Assert.NotEqual(ObjectFile.ReadFingerprint(one.Write()), ObjectFile.ReadFingerprint(other.Write()));
    }

    [Fact]
    public void Damage_is_refused()
    {
        var bytes = Sample().Write();
        for (var length = 0; length < bytes.Length; length++) Assert.Throws<InvalidDataException>(() => ObjectFile.Read(bytes.AsSpan(0, length)));
        for (var i = 0; i < bytes.Length; i++)
        {
            var damaged = (byte[])bytes.Clone();
            damaged[i] ^= 0x40;
            Assert.Throws<InvalidDataException>(() => ObjectFile.Read(damaged));
        }
    }
}
