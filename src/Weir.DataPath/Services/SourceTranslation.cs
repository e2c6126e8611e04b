namespace Weir.DataPath.Services;

/// <summary>Which clients of a service reach its servers with an address of this host (Weir.Model's SourceTranslation), same numbers.</summary>
public enum SourceTranslation : byte
{
    None = 0,
    ExceptPods = 1,
    Node = 2,
    All = 3,
}
