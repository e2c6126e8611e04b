namespace Weir.Iptables.Editing;

/// <summary>The kernel's and libiptc's error numbers that a user can meet.</summary>
internal enum Errno
{
    None,
    NotFound,
    TooBig,
    Exists,
    Invalid,
    TooManyLinks,
    Range,
    NotEmpty,
    Loop,
}
