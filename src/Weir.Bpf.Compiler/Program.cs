using System.Globalization;
using Weir.Bpf.Compiler;
using Weir.Bpf.Compiler.Il;
using Weir.Bpf.Compiler.Ir;

// weir-bpfc INPUT.dll OUTPUT [--root FOLDER] [--print] [--code] [--statistics]: compiles every method with [Program] to one object.
// Errors are printed as MSBuild likes them; exit code 1. --print writes the intermediate form, --code the instructions under their source lines,
// --statistics what each function needs, to standard output.
string? Option(string name) => Array.IndexOf(args, name) is var at and >= 0 && at + 1 < args.Length ? args[at + 1] : null;

if (args.Length < 2)
{
    Console.Error.WriteLine("usage: weir-bpfc INPUT.dll OUTPUT [--root FOLDER] [--print] [--code] [--statistics]");
    return 2;
}

var root = Option("--root");
var diagnostics = new Diagnostics();
var module = FrontEnd.Compile(args[0], diagnostics, root);
foreach (var error in diagnostics.Errors) Console.Error.WriteLine(error);
if (diagnostics.HasErrors) return 1;
if (args.Contains("--print")) Console.WriteLine(IrPrinter.Print(module));
IrChecker.Verify(module, "the front end");

CompilationResult result;
try
{
    result = Compilation.Compile(module, new CompilerOptions { SourceText = new SourceLines(root).TextOf });
}
catch (RefusedException refused)
{
    Console.Error.WriteLine(refused.Diagnostic);
    return 1;
}

File.WriteAllBytes(args[1], result.Object.Write());
if (args.Contains("--code"))
{
    foreach (var program in result.Object.Programs) Console.WriteLine(CodeListing.Of(result.Object, program));
}

if (args.Contains("--statistics"))
{
    foreach (var function in result.Functions)
    {
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{function.Name,-40} {function.Instructions,6} instructions {function.StackBytes,4} bytes of stack {function.Spills,4} spills"));
    }

    foreach (var program in result.Programs)
    {
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{program.Name,-40} {program.Instructions,6} instructions {program.StackBytes,4} bytes of stack in all"));
    }
}
return 0;
