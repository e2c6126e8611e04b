using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("Weir.Bpf.Compiler.Tests")]
