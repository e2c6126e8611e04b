namespace Weir.DataPath.Services;

/// <summary>What becomes of a client that no server is there for (Weir.Model's NoServerAction), same numbers.</summary>
public enum NoServerAction : byte
{
    Reject = 0,
    Drop = 1,
}
