namespace Weir.Iptables.Editing;

/// <summary>Functions of libiptc whose errors have texts of their own.</summary>
internal enum Operation
{
    Other,
    CreateChain,
    Insert,
    Replace,
    Delete,
    DeleteNumber,
    ZeroRule,
    SetPolicy,
}
