namespace Weir.Iptables.Editing;

/// <summary>The texts of libiptc's errors, which depend on the function that was called last.</summary>
internal static class ErrorText
{
    /// <summary>The text without a dot.</summary>
    public static string Of(Operation last, Errno error) => (last, error) switch
    {
        (Operation.CreateChain, Errno.Exists) => "Chain already exists",
        (Operation.Insert, Errno.TooBig) => "Index of insertion too big",
        (Operation.Replace, Errno.TooBig) => "Index of replacement too big",
        (Operation.DeleteNumber, Errno.TooBig) => "Index of deletion too big",
        (Operation.ZeroRule, Errno.TooBig) => "Index of counter too big",
        (Operation.Delete, Errno.NotFound) => "Bad rule (does a matching rule exist in that chain?)",
        (Operation.SetPolicy, Errno.NotFound) => "Bad built-in chain name",
        (Operation.SetPolicy, Errno.Invalid) => "Bad policy name",
        (_, Errno.NotFound) => "No chain/target/match by that name",
        (_, Errno.Exists) => "File exists",
        (_, Errno.Invalid) => "Invalid argument",
        (_, Errno.TooManyLinks) => "Too many links",
        (_, Errno.Range) => "Numerical result out of range",
        (_, Errno.NotEmpty) => "Directory not empty",
        (_, Errno.Loop) => "Too many levels of symbolic links",
        (_, Errno.TooBig) => "Argument list too long",
        _ => "Success",
    };

    /// <summary>What strerror(3) says.</summary>
    public static string Plain(Errno error) => Of(Operation.Other, error);
}
