using Weir.Bpf.Loading;

namespace Weir.Bpf.Compiler.Tests.Programs;

/// <summary>When the verifier refuses a program, two lines say why and where: its own complaint, and the line of C# at fault.</summary>
public sealed class VerifierRefusalTests
{
    private const string Mark = "// at fault";

    [Theory]
    [InlineData("OutOfBounds", "offset is outside of the packet")]
    [InlineData("InInlinedMethod", "offset is outside of the packet")]
    [InlineData("InSubprogram", "offset is outside of the packet")]
    [InlineData("NullNotChecked", "R0 invalid mem access 'map_value_or_null'")]
    [InlineData("BeyondTheValue", "is outside of the allowed memory range")]
    [InlineData("BeyondTheStack", "invalid")]
    [InlineData("WritesConstants", "write into map forbidden")]
    [InlineData("WritesReadOnlyField", "invalid bpf_context access")]
    public void A_refusal_names_the_line_of_CSharp(string program, string complaint)
    {
        var folder = Directory.CreateTempSubdirectory("weir-faulty-");
        try
        {
            var path = Path.Combine(folder.FullName, "Faulty.cs");
            File.WriteAllText(path, Source);
            var line = Array.FindIndex(Source.Split('\n'), l => l.EndsWith($"{Mark}: {program}", StringComparison.Ordinal));
            var text = Source.Split('\n')[line].Trim();
            foreach (var isOptimised in (bool[])[true, false])
            {
                var set = new ProgramSet(CSharpSource.Compile(folder.FullName, $"Faulty{isOptimised}", isOptimised, (path, Source)));
                var refusal = Assert.Throws<VerifierException>(() => set.Load(program));
                Assert.Contains(complaint, refusal.Complaint);
                Assert.Equal(2, refusal.Message.Split('\n').Length);
                Assert.StartsWith($"  at {path}:{line + 1}: {text} (instruction ", refusal.Message.Split('\n')[1], StringComparison.Ordinal);
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private const string Source = """
        using Weir.Bpf.Programs;

        public unsafe struct Value
        {
            public uint First;
            public fixed uint Words[4];
        }

        public static unsafe class Faulty
        {
            public static readonly HashMap<uint, Value> Values = new(4);
            public static readonly Constants<Value> Settings = new();

            [Program("tc/ingress")]
            public static int OutOfBounds(SkBuff* skb)
            {
                byte* data = SkBuff.Data(skb);
                if (data + 20 > SkBuff.DataEnd(skb)) return -1;
                int sum = data[19];
                sum += data[20]; // at fault: OutOfBounds
                return sum;
            }

            [Program("tc/ingress")]
            public static int InInlinedMethod(SkBuff* skb)
            {
                byte* data = SkBuff.Data(skb);
                if (data + 20 > SkBuff.DataEnd(skb)) return -1;
                return data[3] + Port(data, 9) + Port(data, 18);
            }

            [Program("tc/ingress")]
            public static int InSubprogram(SkBuff* skb)
            {
                int known = Known(skb);
                return known + (int)skb->Mark;
            }

            [Program("tc/ingress")]
            public static int NullNotChecked(SkBuff* skb)
            {
                uint key = skb->Mark;
                Value* value = Values.Lookup(&key);
                return (int)value->First; // at fault: NullNotChecked
            }

            [Program("tc/ingress")]
            public static int BeyondTheValue(SkBuff* skb)
            {
                uint key = skb->Mark;
                Value* value = Values.Lookup(&key);
                if (value == null) return 1;
                uint index = skb->Priority;
                if (index > 4) return 2;
                return (int)value->Words[index]; // at fault: BeyondTheValue
            }

            [Program("tc/ingress")]
            public static int BeyondTheStack(SkBuff* skb)
            {
                ulong* words = stackalloc ulong[4];
                words[0] = skb->Mark;
                words[skb->Priority & 255] = 3; // at fault: BeyondTheStack
                return (int)words[1];
            }

            [Program("tc/ingress")]
            public static int WritesConstants(SkBuff* skb)
            {
                if (Settings.Value->First > 3) return 1;
                Settings.Value->First = skb->Mark; // at fault: WritesConstants
                return 2;
            }

            [Program("tc/ingress")]
            public static int WritesReadOnlyField(SkBuff* skb)
            {
                skb->Mark = 3;
                skb->IfIndex = 2; // at fault: WritesReadOnlyField
                return 2;
            }

            private static int Port(byte* data, int at)
            {
                return *(ushort*)(data + at + 1); // at fault: InInlinedMethod
            }

            [Subprogram]
            private static int Known(SkBuff* skb)
            {
                byte* data = SkBuff.Data(skb);
                return *data; // at fault: InSubprogram
            }
        }
        """;
}
