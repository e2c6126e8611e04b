namespace Weir.DataPath;

/// <summary>
/// What a stage decides. The values other than <see cref="Continue"/> are what the program returns to the kernel, the same for clsact (direct
/// action) and TCX.
/// </summary>
public static class TcAction
{
    /// <summary>Not a result of a program: on to the next stage.</summary>
    public const int Continue = 0;

    /// <summary>TC_ACT_UNSPEC, TCX_NEXT: passed; programs and filters after this one still run.</summary>
    public const int Next = -1;

    /// <summary>TC_ACT_SHOT, TCX_DROP.</summary>
    public const int Shot = 2;

    /// <summary>TC_ACT_REDIRECT, TCX_REDIRECT.</summary>
    public const int Redirect = 7;
}
