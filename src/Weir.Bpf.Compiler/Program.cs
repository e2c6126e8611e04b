using Weir.Bpf.Compiler.Il;
using Weir.Bpf.Compiler.Ir;

var diagnostics = new Diagnostics();
var module = FrontEnd.Compile(args[0], diagnostics, args.Length > 1 ? args[1] : null);
foreach (var error in diagnostics.Errors)
{
    Console.Error.WriteLine(error);
}

if (diagnostics.HasErrors)
{
    return 1;
}

Console.WriteLine(IrPrinter.Print(module));
IrChecker.Verify(module, "the front end");
return 0;
