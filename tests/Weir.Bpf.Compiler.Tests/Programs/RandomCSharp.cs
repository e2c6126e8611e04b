using System.Globalization;

namespace Weir.Bpf.Compiler.Tests.Programs;

/// <summary>
/// A random program in C#, as text: methods that are inlined, sub-programs and call-backs, all integer widths with casts, structs by value and by
/// reference, pointers, maps, tables, nested branches, switches and loops. Nothing that C# would throw at, and nothing that the verifier cannot follow.
/// The same seed gives the same program; statements can be left out of it, which is how failures are made small.
/// </summary>
internal sealed class RandomCSharp
{
    /// <summary>Bytes of a packet: inputs first, then what the program writes.</summary>
    public const int PacketBytes = 160;

    /// <summary>What all programs share: the types, the maps, methods on structs.</summary>
    public const string Shared = """
        using System.Buffers.Binary;
        using System.Threading;
        using Weir.Bpf.Programs;

        public enum Mode : ushort { None, One, Two, Most = 0xFFFF }

        public struct Cell
        {
            public int A;
            public short B;
            public byte C;
            public sbyte D;
            public ulong E;

            public readonly int Sum() => A + B + C + D;

            public int Add(int by)
            {
                A += by;
                B -= (short)by;
                return B;
            }
        }

        public unsafe struct Block
        {
            public fixed byte Bytes[32];
            public Cell Cell;
            public uint Word;
            public int Other;
            public long Long;
        }

        public unsafe struct Link
        {
            public Cell* To;
            public int Steps;
            public ushort Small;
            public bool IsSet;
        }

        public static unsafe class Shared
        {
            public static readonly ArrayMap<Block> Blocks = new(4);
            public static readonly HashMap<uint, Cell> Cells = new(64);
            public static readonly ConstantTable<short> Shorts = new([5, -3, 32767, -32768, 0, 77]);
            public static readonly ConstantTable<uint> Words = new([1, 0xFFFFFFFF, 7, 0x80000000]);
            public static readonly long Offset = -123456789012;

            public static T Choose<T>(bool first, T a, T b) where T : unmanaged => first ? a : b;

            public static void Exchange<T>(ref T a, ref T b) where T : unmanaged
            {
                T t = a;
                a = b;
                b = t;
            }

            public static Cell Make(int a, short b, byte c, sbyte d, ulong e) => new() { A = a, B = b, C = c, D = d, E = e };
        }
        """;

    private static readonly string[] s_small = ["byte", "sbyte", "short", "ushort"];
    private static readonly string[] s_computed = ["int", "uint", "long", "ulong"];
    private static readonly string[] s_all = [.. s_small, .. s_computed, "char", "nint"];
    private static readonly (string Name, string Type)[] s_cellFields = [("A", "int"), ("B", "short"), ("C", "byte"), ("D", "sbyte"), ("E", "ulong")];

    private readonly Random _random;
    private readonly int _seed;
    private readonly List<Method> _methods = [];
    private readonly List<string> _callbacks = [];
    private Scope _scope = new();
    private int _names;
    private int _statements;
    private int _budget;

    private RandomCSharp(int seed)
    {
        _seed = seed;
        _random = new Random(seed);
    }

    /// <summary>The program's name.</summary>
    public static string NameOf(int seed) => string.Create(CultureInfo.InvariantCulture, $"P{seed}");

    /// <summary>The program of a seed.</summary>
    public static Statement Make(int seed) => new RandomCSharp(seed).MakeClass();

    private Statement MakeClass()
    {
        var members = new List<Statement>();
        for (var i = 0; i < 4; i++)
        {
            members.Add(MakeMethod());
        }

        members.Add(MakeCallback());
        members.Add(MakeProgram());
        return new Statement(-1, $"public static unsafe class C{NameOf(_seed)}", members);
    }

    private int Next(int end) => _random.Next(end);

    private bool Chance(int percent) => _random.Next(100) < percent;

    private T Pick<T>(IReadOnlyList<T> items) => items[_random.Next(items.Count)];

    private string NewName(string kind) => string.Create(CultureInfo.InvariantCulture, $"{kind}{_names++}");

    // Methods.

    private Statement MakeMethod()
    {
        var kind = Pick((string[])["inlined", "inlined", "static", "global"]);
        var method = new Method(NewName("Method"), kind, kind == "inlined" && Chance(25) ? "Cell" : Pick(s_all));
        var outer = _scope;
        _scope = new Scope();
        var count = 1 + Next(kind == "inlined" ? 5 : 4);
        for (var i = 0; i < count; i++)
        {
            var passing = kind switch
            {
                "inlined" => Pick((string[])["", "", "ref ", "in ", "Cell", "ref Cell", "Cell*"]),
                "static" => Pick((string[])["", "", "ref ", "Cell*"]),
                _ => Pick((string[])["", "", "Cell*"]),
            };
            var name = NewName("p");
            var (type, prefix) = passing switch
            {
                "Cell" => ("Cell", ""),
                "ref Cell" => ("Cell", "ref "),
                "Cell*" => ("Cell*", ""),
                _ => (Pick(s_all), passing),
            };
            method.Parameters.Add((prefix, type));
            _scope.Parameters.Add($"{prefix}{type} {name}");
            _scope.Variables.Add(new Variable(name, type, prefix != "in ") { IsLocal = prefix.Length == 0 });
        }

        _budget = 5;
        var body = new List<Statement>();
        foreach (var pointer in _scope.Variables.Where(v => v.Type == "Cell*" && kind == "global"))
        {
            body.Add(new Statement(-1, $"if ({pointer.Name} == null) return default;"));
        }

        body.AddRange(Statements(2 + Next(3), 1));
        body.Add(new Statement(-1, $"return {(method.Returns == "Cell" ? CellValue(1) : Expression(method.Returns, 2))};"));
        var attribute = kind switch { "static" => "[Subprogram] ", "global" => "[Subprogram(Global = true)] ", _ => "" };
        var head = $"{attribute}{(kind == "global" ? "public" : "private")} static {method.Returns} {method.Name}({string.Join(", ", _scope.Parameters)})";
        _scope = outer;
        _methods.Add(method);
        return Body(head, body);
    }

    private Statement MakeCallback()
    {
        var name = NewName("Step");
        var outer = _scope;
        _scope = new Scope();
        _scope.Add("index", "uint", false);
        _scope.Add("link", "Link*", true);
        _budget = 4;
        var body = new List<Statement> { new(-1, "Link* link = (Link*)context;") };
        body.AddRange(Statements(2, 1));
        body.Add(new Statement(-1, $"return {Condition(1)} ? 1 : 0;"));
        _scope = outer;
        _callbacks.Add(name);
        return Body($"private static long {name}(uint index, void* context)", body);
    }

    private Statement MakeProgram()
    {
        _scope = new Scope { HasPacket = true };
        var body = new List<Statement>
        {
            new(-1, "byte* data = SkBuff.Data(skb);"),
            new(-1, $"if (data + {PacketBytes} > SkBuff.DataEnd(skb)) return -1;"),
            new(-1, "Block* block = Shared.Blocks.At(data[0] & 3u);"),
            new(-1, "if (block == null) return -2;"),
        };
        _scope.Add("block", "Block*", true);
        for (var i = 0; i < 6; i++)
        {
            body.Add(Declare(Pick(s_all)));
        }

        body.Add(new Statement(-1, "Mode mode = (Mode)(*(ushort*)(data + 2) & 3);"));
        _scope.Add("mode", "Mode", true);
        body.Add(new Statement(-1, $"bool flag = {Condition(0)};"));
        _scope.Add("flag", "bool", true);
        body.Add(DeclareCell());
        if (Chance(60))
        {
            body.Add(DeclareCell());
        }

        if (Chance(40))
        {
            var name = NewName("pointer");
            body.Add(new Statement(-1, $"Cell* {name} = {CellAddress()};"));
            _scope.Add(name, "Cell*", true);
        }

        if (Chance(40))
        {
            body.Add(new Statement(-1, "byte* bytes = stackalloc byte[16];"));
            _scope.HasBytes = true;
        }

        if (Chance(40))
        {
            body.Add(MakeLocalFunction());
        }

        _budget = 26;
        body.AddRange(Statements(8 + Next(8), 0));
        var at = 96;
        foreach (var variable in _scope.Variables.Where(v => s_all.Contains(v.Type)).Take(6))
        {
            body.Add(new Statement(-1, $"*(ulong*)(data + {at}) = (ulong){variable.Name};"));
            at += 8;
        }

        foreach (var cell in _scope.Variables.Where(v => v.Type == "Cell").Take(1))
        {
            body.Add(new Statement(-1, $"*(ulong*)(data + {at}) = (ulong){cell.Name}.Sum() ^ {cell.Name}.E;"));
        }

        body.Add(new Statement(-1, $"return {Expression("int", 2)} ^ (int)mode + (flag ? 1 : 0);"));
        return Body($"[Program(\"tc/ingress\")] public static int {NameOf(_seed)}(SkBuff* skb)", body);
    }

    private static Statement Body(string head, List<Statement> statements) => new(-1, head, [new Statement(-1, "unchecked", statements)]);

    /// <summary>A local function that writes variables of its method.</summary>
    private Statement MakeLocalFunction()
    {
        var name = NewName("Local");
        var target = Pick([.. _scope.Variables.Where(v => s_computed.Contains(v.Type)), new Variable("mode", "Mode", true)]);
        var type = Pick(s_computed);
        var text = target.Type == "Mode"
            ? $"{type} {name}({type} by) {{ mode ^= Mode.Two; return by + 1; }}"
            : $"{type} {name}({type} by) {{ {target.Name} += ({target.Type})by; return ({type}){target.Name} ^ by; }}";
        _methods.Add(new Method(name, "local", type) { Parameters = { ("", type) } });
        return new Statement(-1, text);
    }

    private Statement Declare(string type)
    {
        var name = NewName("v");
        var value = Expression(type, _scope.Variables.Count > 2 ? 1 : 0);
        _scope.Add(name, type, true);
        return new Statement(-1, $"{type} {name} = {value};");
    }

    private Statement DeclareCell()
    {
        var name = NewName("cell");
        var value = CellValue(0);
        _scope.Add(name, "Cell", true);
        return new Statement(-1, $"Cell {name} = {value};");
    }

    // Statements.

    private List<Statement> Statements(int count, int depth)
    {
        var list = new List<Statement>();
        for (var i = 0; i < count; i++)
        {
            list.Add(MakeStatement(depth));
        }

        return list;
    }

    private Statement MakeStatement(int depth)
    {
        var id = _statements++;
        var mark = _scope.Variables.Count;
        var statement = _budget-- <= 0 ? new Statement(id, Assignment()) : Next(depth >= 3 ? 12 : 20) switch
        {
            < 5 => new Statement(id, Assignment()),
            5 => new Statement(id, Increment()),
            6 => new Statement(id, CellStatement()),
            7 => new Statement(id, CellStatement()),
            8 => new Statement(id, MapStatement()),
            9 => new Statement(id, BytesStatement()),
            10 => new Statement(id, CallStatement()),
            11 when _scope.LoopDepth > 0 && Chance(50) => new Statement(id, $"if ({Condition(1)}) {(Chance(50) ? "break" : "continue")};"),
            11 => new Statement(id, Assignment()),
            < 15 => If(id, depth),
            15 or 16 => Switch(id, depth),
            17 => Loop(id, depth),
            18 => LookUp(id, depth),
            _ => depth == 0 || _scope.LoopDepth > 0 ? CallBack(id) : new Statement(id, Assignment()),
        };
        // What was declared in it is known in it only.
        _scope.Variables.RemoveRange(mark, _scope.Variables.Count - mark);
        return statement;
    }

    private string Assignment()
    {
        var targets = _scope.Variables.Where(v => v.IsWritable && (s_all.Contains(v.Type) || v.Type is "bool" or "Mode")).ToArray();
        if (_scope.HasPacket && (targets.Length == 0 || Chance(15)))
        {
            var width = Pick(s_computed);
            return $"*({width}*)(data + {64 + (8 * Next(4))}) = {Expression(width, 2)};";
        }

        if (targets.Length == 0)
        {
            return CellStatement();
        }

        var target = Pick(targets);
        if (target.Type == "bool")
        {
            return $"{target.Name} {Pick((string[])["=", "&=", "|=", "^="])} {Condition(2)};";
        }

        if (target.Type == "Mode")
        {
            return Chance(50) ? $"{target.Name} = (Mode)({Expression("ushort", 2)});" : $"{target.Name} {Pick((string[])["|=", "&=", "^="])} Mode.{Pick((string[])["One", "Two", "Most"])};";
        }

        if (target.Type is "char" || Chance(50))
        {
            return $"{target.Name} = {Expression(target.Type, 3)};";
        }

        return Next(4) switch
        {
            0 => $"{target.Name} {Pick((string[])["<<=", ">>=", ">>>="])} {Expression("int", 1)};",
            1 => $"{target.Name} {Pick((string[])["/=", "%="])} {Divisor(target.Type)};",
            _ => $"{target.Name} {Pick((string[])["+=", "-=", "*=", "&=", "|=", "^="])} {Expression(target.Type, 2)};",
        };
    }

    private string Increment() =>
        Writable(s_all) is { } target ? Pick((string[])[$"{target.Name}++;", $"--{target.Name};"]) : Assignment();

    private string CellStatement()
    {
        if (CellPlace() is not { } place)
        {
            return Assignment2();
        }

        switch (Next(7))
        {
            case 0:
                return $"{place.Name}{place.Access}Add({Expression("int", 2)});";
            case 1 when place.Access == ".":
                return $"{place.Name} = {CellValue(1)};";
            case 1:
                return $"*{place.Name} = {CellValue(1)};";
            case 2 when _scope.Variables.Where(v => v is { Type: "Cell", IsWritable: true }).ToArray() is { Length: > 1 } cells:
                return $"Shared.Exchange(ref {cells[0].Name}, ref {cells[1].Name});";
            case 3 when _scope.Variables.FirstOrDefault(v => v is { Type: "Cell*", IsWritable: true }) is { } pointer && Chance(40) && _scope.Variables.Exists(v => v is { Type: "Cell", IsLocal: true }):
                return $"{pointer.Name} = {(Chance(30) ? $"{Condition(1)} ? {CellAddress()} : {pointer.Name}" : CellAddress())};";
            default:
                var field = Pick(s_cellFields);
                return Chance(60)
                    ? $"{place.Name}{place.Access}{field.Name} = {Expression(field.Type, 2)};"
                    : $"{place.Name}{place.Access}{field.Name} {Pick((string[])["+=", "-=", "^=", "|="])} {Expression(field.Type, 1)};";
        }
    }

    /// <summary>Something that can be written in every scope.</summary>
    private string Assignment2() => _scope.Has("link") ? $"link->Steps += {Expression("int", 1)};" : ";";

    private string MapStatement()
    {
        if (_scope.Has("link"))
        {
            return Pick((string[])[$"link->Small = {Expression("ushort", 2)};", $"link->IsSet = {Condition(1)};", $"link->Steps ^= {Expression("int", 2)};"]);
        }

        if (!_scope.Has("block"))
        {
            return CellStatement();
        }

        return Next(9) switch
        {
            0 => $"block->Bytes[{Index(31)}] = {Expression("byte", 2)};",
            1 => $"block->Bytes[{Index(31)}] {Pick((string[])["+=", "^="])} {Expression("byte", 1)};",
            2 => $"block->Word = {Expression("uint", 2)};",
            3 => $"block->Long -= {Expression("long", 2)};",
            4 => $"Interlocked.{Pick((string[])["Add", "And", "Or"])}(ref block->Word, {Expression("uint", 1)});",
            5 => $"Interlocked.Add(ref block->Long, {Expression("long", 1)});",
            6 when Writable(["int"]) is { } target => $"{target.Name} = Interlocked.{Pick((string[])["Exchange", "Add", "Or"])}(ref block->Other, {Expression("int", 1)});",
            7 when Writable(["long"]) is { } target => $"{target.Name} = Interlocked.CompareExchange(ref block->Long, {Expression("long", 1)}, {Expression("long", 1)});",
            _ => $"block->Cell = {CellValue(1)};",
        };
    }

    private string BytesStatement()
    {
        if (!_scope.HasBytes)
        {
            return MapStatement();
        }

        return Next(4) switch
        {
            0 => $"bytes[{Index(15)}] = {Expression("byte", 2)};",
            1 => $"bytes[{Next(16)}] ^= {Expression("byte", 1)};",
            2 => $"*(uint*)(bytes + {4 * Next(4)}) = {Expression("uint", 1)};",
            _ => $"*(ushort*)(bytes + {2 * Next(8)}) += {Expression("ushort", 1)};",
        };
    }

    private string CallStatement()
    {
        var candidates = _methods.Where(m => m.Kind != "local" || _scope.HasPacket).ToArray();
        if (candidates.Length == 0 || Call(Pick(candidates), 2) is not { } call)
        {
            return Assignment();
        }

        return call + ";";
    }

    private Statement If(int id, int depth)
    {
        var condition = Condition(2);
        var whenTrue = Inner(1 + Next(3), depth);
        return Chance(50)
            ? new Statement(id, $"if ({condition})", whenTrue, Chance(20) ? [new Statement(-1, $"if ({Condition(1)})", Inner(1, depth + 1))] : Inner(1 + Next(2), depth))
            : new Statement(id, $"if ({condition})", whenTrue);
    }

    private Statement Switch(int id, int depth)
    {
        var isDense = Chance(60);
        var type = Pick((string[])["int", "uint", "byte", "long", "ulong", "short", isDense ? "sbyte" : "ushort"]);
        var value = Chance(60) ? $"({type})({Expression(type, 1)} & {Pick((int[])[3, 7, 15])})" : Expression(type, 1);
        var cases = new List<Statement>();
        var label = isDense ? Next(3) : 0;
        for (var i = 0; i < 2 + Next(5); i++)
        {
            label += isDense ? 1 : 1 + Next(30);
            var labels = $"case {label}:";
            if (Chance(30))
            {
                labels += $" case {++label}:";
            }

            cases.Add(new Statement(-1, labels, [.. Inner(1 + Next(2), depth), new Statement(-1, "break;")]));
        }

        if (Chance(70))
        {
            cases.Add(new Statement(-1, "default:", [.. Inner(1, depth), new Statement(-1, "break;")]));
        }

        return new Statement(id, $"switch ({value})", cases);
    }

    private Statement Loop(int id, int depth)
    {
        if (_scope.Rounds > 4)
        {
            return If(id, depth);
        }

        var name = NewName("i");
        var rounds = 2 + Next(_scope.Rounds > 1 ? 2 : 4);
        var (outerRounds, outerDepth) = (_scope.Rounds, _scope.LoopDepth);
        _scope.Rounds *= rounds;
        _scope.LoopDepth++;
        _scope.Add(name, "int", false);
        var (body, statement) = (Inner(1 + Next(3), depth), default(Statement));
        switch (Next(4))
        {
            case 0:
                statement = new Statement(id, $"for (int {name} = {rounds}; {name} > 0; {name}--)", body);
                break;
            case 1:
                statement = new Statement(id, "", [new(-1, $"int {name} = {rounds};"), new(-1, $"while ({name}-- > 0)", body)]);
                break;
            case 2:
                statement = new Statement(id, "", [new(-1, $"int {name} = 0;"), new(-1, "do", body, Tail: $"while (++{name} < {rounds});")]);
                break;
            default:
                statement = new Statement(id, $"for (int {name} = 0; {name} < {rounds}{(Chance(30) ? $" && {Condition(1)}" : "")}; {name}++)", body);
                break;
        }

        (_scope.Rounds, _scope.LoopDepth) = (outerRounds, outerDepth);
        return statement;
    }

    private Statement LookUp(int id, int depth)
    {
        if (!_scope.HasPacket)
        {
            return If(id, depth);
        }

        var (key, found, made) = (NewName("key"), NewName("found"), NewName("made"));
        var first = $"uint {key} = {Expression("uint", 1)} & 7;";
        var value = CellValue(1);
        _scope.Add(found, "Cell*", false);
        var present = Inner(1 + Next(2), depth);
        return new Statement(id, "",
        [
            new(-1, first),
            new(-1, $"Cell* {found} = Shared.Cells.Lookup(&{key});"),
            new(-1, $"if ({found} != null)", present,
                [new(-1, $"Cell {made} = {value};"), new(-1, $"Shared.Cells.Update(&{key}, &{made}, UpdateMode.{Pick((string[])["Any", "NoExist", "Exist"])});")]),
        ]);
    }

    private Statement CallBack(int id)
    {
        if (!_scope.HasPacket)
        {
            return new Statement(id, Assignment());
        }

        var link = NewName("link");
        var target = Writable(s_computed);
        return new Statement(id, "",
        [
            new(-1, $"Link {link} = default;"),
            new(-1, $"{link}.Steps = {Expression("int", 1)};"),
            new(-1, $"{(target is null ? "" : $"{target.Name} = ({target.Type})")}Helpers.Loop(({Expression("uint", 1)} & 15) + 1, &{Pick(_callbacks)}, &{link}, 0);"),
            new(-1, target is null ? ";" : $"{target.Name} ^= ({target.Type})({link}.Steps + {link}.Small + ({link}.IsSet ? 1 : 0));"),
        ]);
    }

    private List<Statement> Inner(int count, int depth)
    {
        var mark = _scope.Variables.Count;
        var list = new List<Statement>();
        if (Chance(30))
        {
            list.Add(Declare(Pick(s_all)));
        }

        list.AddRange(Statements(count, depth + 1));
        _scope.Variables.RemoveRange(mark, _scope.Variables.Count - mark);
        return list;
    }

    // Structs.

    private (string Name, string Access)? CellPlace()
    {
        var places = _scope.Variables.Where(v => v.IsWritable || v.Type == "Cell*").Where(v => v.Type is "Cell" or "Cell*").Select(v => (v.Name, v.Type == "Cell" ? "." : "->")).ToList();
        if (_scope.Has("block"))
        {
            places.Add(("block->Cell", "."));
        }

        return places.Count == 0 ? null : Pick(places);
    }

    private string CellAddress()
    {
        var places = _scope.Variables.Where(v => v is { Type: "Cell", IsLocal: true }).Select(v => $"&{v.Name}").ToArray();
        return Pick(places);
    }

    private string CellValue(int depth)
    {
        var known = _scope.Variables.Where(v => v.Type == "Cell").ToArray();
        return Next(6) switch
        {
            0 => "default",
            1 when known.Length > 0 => Pick(known).Name,
            2 when known.Length > 0 && depth > 0 => $"Shared.Choose({Condition(1)}, {Pick(known).Name}, {CellValue(0)})",
            3 when known.Length > 0 => $"{Condition(1)} ? {Pick(known).Name} : new Cell {{ A = {Expression("int", 1)} }}",
            4 when _methods.Where(m => m.Returns == "Cell").ToArray() is { Length: > 0 } makers && depth > 0 && Call(Pick(makers), 1) is { } call => call,
            _ => $"Shared.Make({Expression("int", depth)}, {Expression("short", depth)}, {Expression("byte", depth)}, {Expression("sbyte", depth)}, {Expression("ulong", depth)})",
        };
    }

    // Expressions.

    private string Index(int mask) => Chance(50)
        ? $"{Expression(Pick((string[])["int", "uint"]), 1)} & {mask}"
        : $"(int)({Expression(Pick((string[])["long", "ulong", "byte"]), 1)} & {mask})";

    private Variable? Writable(string[] types) =>
        _scope.Variables.Where(v => v.IsWritable && types.Contains(v.Type)).ToArray() is { Length: > 0 } targets ? Pick(targets) : null;

    private string Divisor(string type) => Next(3) switch
    {
        0 => Pick((string[])["3", "7", "10", "64", "100"]),
        1 when type is "int" or "long" or "short" or "sbyte" or "nint" => Pick((string[])["-3", "-8", "11"]),
        _ when type is "uint" or "ulong" or "byte" or "ushort" => $"({type})({Expression(type, 1)} | 1)",
        _ => $"({type})(({Expression("byte", 1)} & 63) + 2)",
    };

    /// <summary>An expression whose C# type is exactly this one.</summary>
    private string Expression(string type, int depth)
    {
        if (depth <= 0 || Chance(15))
        {
            return Leaf(type);
        }

        if (type == "char")
        {
            return $"(char){Expression("ushort", depth - 1)}";
        }

        if (type == "nint")
        {
            return Chance(50) ? $"(nint)({Expression("long", depth - 1)})" : $"({Expression("nint", depth - 1)} {Pick((string[])["+", "-", "^", "*"])} {Expression("int", depth - 1)})";
        }

        if (s_small.Contains(type))
        {
            return Next(8) switch
            {
                0 when Writable([type]) is { } target => $"({target.Name} = {Expression(type, depth - 1)})",
                1 => $"({type}){Expression(Pick(s_computed), depth - 1)}",
                2 when type is "short" or "ushort" => $"BinaryPrimitives.ReverseEndianness({Expression(type, depth - 1)})",
                3 => $"Shared.Choose({Condition(depth - 1)}, {Expression(type, depth - 1)}, {Leaf(type)})",
                4 when _methods.Where(m => m.Returns == type).ToArray() is { Length: > 0 } methods && Call(Pick(methods), depth - 1) is { } call => call,
                _ => $"({type})({Expression("int", depth - 1)})",
            };
        }

        switch (Next(16))
        {
            case 0 or 1 or 2 or 3 or 4:
                return $"({Operand(type, depth - 1)} {Pick((string[])["+", "-", "*", "&", "|", "^"])} {Expression(type, depth - 1)})";
            case 5:
                return $"({Expression(type, depth - 1)} {Pick((string[])["<<", ">>", ">>>"])} {(Chance(50) ? Pick((string[])["1", "3", "8", "31", "33"]) : Expression("int", depth - 1))})";
            case 6:
                return $"({Expression(type, depth - 1)} {Pick((string[])["/", "%"])} {Divisor(type)})";
            case 7 when type is "int" or "long":
                return $"(-{Expression(type, depth - 1)})";
            case 7 or 8:
                return $"(~{Expression(type, depth - 1)})";
            case 9:
                return $"({Condition(depth - 1)} ? {Expression(type, depth - 1)} : {Expression(type, depth - 1)})";
            case 10:
                return $"({type}){Expression(Pick(s_all), depth - 1)}";
            case 11 when Writable([type]) is { } target:
                return Next(4) switch
                {
                    0 => $"{target.Name}++",
                    1 => $"(--{target.Name})",
                    2 => $"({target.Name} = {Expression(type, depth - 1)})",
                    _ => $"({target.Name} {Pick((string[])["+=", "^="])} {Expression(type, depth - 1)})",
                };
            case 12:
                return Chance(50) ? $"BinaryPrimitives.ReverseEndianness({Expression(type, depth - 1)})" : $"Math.{Pick((string[])["Min", "Max"])}({Expression(type, depth - 1)}, {Expression(type, depth - 1)})";
            case 13 when _methods.Where(m => m.Returns == type && (m.Kind != "local" || _scope.HasPacket)).ToArray() is { Length: > 0 } methods && Call(Pick(methods), depth - 1) is { } call:
                return call;
            case 14:
                return $"(({Expression("int", depth - 1)} & 3) switch {{ 0 => {Expression(type, depth - 1)}, 1 => {Leaf(type)}, 3 => {Leaf(type)}, _ => {Leaf(type)} }})";
            default:
                return $"({type}){Expression(Pick(s_small), depth - 1)}";
        }
    }

    /// <summary>An expression of this type, or of one that C# widens to it.</summary>
    private string Operand(string type, int depth) => type switch
    {
        "int" or "long" when Chance(40) => Expression(Pick(s_small), depth),
        "uint" or "ulong" when Chance(40) => Expression(Pick((string[])["byte", "ushort"]), depth),
        "long" when Chance(40) => Expression(Pick((string[])["int", "uint"]), depth),
        "ulong" when Chance(40) => Expression("uint", depth),
        _ => Expression(type, depth),
    };

    private string Leaf(string type)
    {
        var same = _scope.Variables.Where(v => v.Type == type).ToArray();
        if (same.Length > 0 && Chance(50))
        {
            return Pick(same).Name;
        }

        switch (Next(8))
        {
            case 0 or 1:
                return Literal(type);
            case 2 when _scope.HasPacket && type != "nint":
                return $"*({type}*)(data + {Next(56)})";
            case 3 when _scope.Has("block"):
                return $"({type})block->{Pick((string[])["Word", "Other", "Long", "Cell.A", "Cell.D", $"Bytes[{Next(32)}]"])}";
            case 4 when _scope.Has("link"):
                return $"({type})link->{Pick((string[])["Steps", "Small"])}";
            case 4 when _scope.HasBytes:
                return $"({type})bytes[{Index(15)}]";
            case 5 when CellPlace() is { } place:
                return $"({type}){place.Name}{place.Access}{Pick((string[])["A", "B", "C", "D", "E", "Sum()"])}";
            case 6:
                return $"({type}){Pick((string[])["Shared.Shorts.At({0})", "Shared.Words.At({0})", "Shared.Offset"]).Replace("{0}", Leaf("uint"), StringComparison.Ordinal)}";
            default:
                var others = _scope.Variables.Where(v => s_all.Contains(v.Type) || v.Type == "Mode").ToArray();
                return others.Length > 0 ? $"({type}){Pick(others).Name}" : Literal(type);
        }
    }

    private string Literal(string type)
    {
        string[] edges = type switch
        {
            "byte" => ["0", "1", "255", "128", "77"],
            "sbyte" => ["0", "-1", "127", "-128", "5"],
            "short" => ["0", "-1", "32767", "-32768", "300"],
            "ushort" => ["0", "1", "65535", "32768", "300"],
            "int" => ["0", "1", "-1", "int.MaxValue", "int.MinValue", "1000", "0x12345678"],
            "uint" => ["0", "1", "uint.MaxValue", "0x80000000", "1000"],
            "long" => ["0", "1", "-1", "long.MaxValue", "long.MinValue", "0x123456789A", "int.MinValue"],
            "ulong" => ["0", "1", "ulong.MaxValue", "0x8000000000000000", "0xFFFFFFFF", "0x100000000"],
            _ => ["0", "1", "65"],
        };
        return $"({type})({Pick(edges)})";
    }

    private string Condition(int depth)
    {
        if (_scope.Variables.Where(v => v.Type == "bool").ToArray() is { Length: > 0 } flags && Chance(15))
        {
            return Pick(flags).Name;
        }

        if (depth > 0 && Chance(35))
        {
            return Next(6) switch
            {
                0 => $"!({Condition(depth - 1)})",
                1 => $"({Condition(depth - 1)} && {Condition(depth - 1)})",
                2 => $"({Condition(depth - 1)} || {Condition(depth - 1)})",
                3 => $"({Condition(depth - 1)} {Pick((string[])["&", "|", "^"])} {Condition(depth - 1)})",
                4 => $"({Condition(depth - 1)} {Pick((string[])["==", "!="])} {Condition(depth - 1)})",
                _ => $"({Condition(depth - 1)} ? {Condition(depth - 1)} : {Condition(depth - 1)})",
            };
        }

        var type = Pick(s_computed);
        return Next(8) switch
        {
            0 => $"(({Expression(type, depth)} & {Literal(type)}) != 0)",
            1 when _scope.Has("mode") => $"(mode {Pick((string[])["==", "!=", "<", ">="])} Mode.{Pick((string[])["None", "One", "Two"])})",
            2 => $"({Expression(Pick(s_small), depth)} {Pick((string[])["==", "<", ">"])} {Next(100)})",
            3 => $"({Expression("int", depth)} is > -5 and < 100 or {Pick((string[])["-7", "1000", "int.MinValue"])})",
            _ => $"({Expression(type, depth)} {Pick((string[])["==", "!=", "<", "<=", ">", ">="])} {Expression(type, depth)})",
        };
    }

    /// <summary>A call, or null where an argument cannot be had here.</summary>
    private string? Call(Method method, int depth)
    {
        var arguments = new List<string>();
        foreach (var (prefix, type) in method.Parameters)
        {
            if (type == "Cell*")
            {
                var pointers = _scope.Variables.Where(v => v is { Type: "Cell", IsLocal: true }).Select(v => $"&{v.Name}").ToArray();
                if (pointers.Length == 0)
                {
                    return null;
                }

                arguments.Add(Pick(pointers));
            }
            else if (prefix.Length > 0)
            {
                // Of two references to one variable the order of writes is C#'s business, too.
                var targets = _scope.Variables.Where(v => v.Type == type && v.IsWritable && v.IsLocal).ToArray();
                if (targets.Length == 0)
                {
                    return null;
                }

                arguments.Add(prefix + Pick(targets).Name);
            }
            else
            {
                arguments.Add(type == "Cell" ? CellValue(Math.Min(depth - 1, 1)) : Expression(type, depth - 1));
            }
        }

        return $"{method.Name}({string.Join(", ", arguments)})";
    }

    private sealed record Method(string Name, string Kind, string Returns)
    {
        public List<(string Prefix, string Type)> Parameters { get; } = [];
    }

    private sealed record Variable(string Name, string Type, bool IsWritable)
    {
        /// <summary>Whether its address may be taken: not a reference itself.</summary>
        public bool IsLocal { get; init; }
    }

    private sealed class Scope
    {
        public List<Variable> Variables { get; } = [];

        public List<string> Parameters { get; } = [];

        public bool HasPacket { get; init; }

        public bool HasBytes { get; set; }

        public int Rounds { get; set; } = 1;

        public int LoopDepth { get; set; }

        public void Add(string name, string type, bool isWritable) => Variables.Add(new Variable(name, type, isWritable) { IsLocal = !name.StartsWith('p') && !name.StartsWith('i') });

        public bool Has(string name) => Variables.Exists(v => v.Name == name);
    }
}
