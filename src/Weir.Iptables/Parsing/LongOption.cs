namespace Weir.Iptables.Parsing;

/// <summary>A long option of getopt_long: what it takes (0 nothing, 1 an argument, 2 perhaps one) and what it returns.</summary>
internal readonly record struct LongOption(string Name, int HasArgument, int Value);
