namespace Weir.Ipvs;

/// <summary>Whether a word is followed by an argument.</summary>
internal enum WordArgument
{
    None,
    Required,

    /// <summary>The next argument is taken unless it begins with a hyphen.</summary>
    Optional,
}
