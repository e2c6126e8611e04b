namespace Weir.Model.Proxying;

/// <summary>Which clients of a service reach its servers with an address of this node.</summary>
public enum SourceTranslation : byte
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>All but this node's pods.</summary>
    ExceptPods = 1,

    /// <summary>This node alone.</summary>
    Node = 2,

    /// <summary>All.</summary>
    All = 3,
}
