using Weir.Model.Rules;

namespace Weir.Iptables.Extensions;

/// <summary>A set of hooks: bit n is hook n.</summary>
internal readonly record struct HookSet(byte Bits)
{
    /// <summary>The set of these hooks.</summary>
    public static HookSet Of(params ReadOnlySpan<Hook> hooks)
    {
        byte bits = 0;
        foreach (var hook in hooks) bits |= (byte)(1 << (int)hook);
        return new HookSet(bits);
    }

    /// <summary>Whether none of these hooks is outside the other set.</summary>
    public bool IsWithin(HookSet other) => (Bits & ~other.Bits) == 0;

    /// <summary>Whether the sets have a hook in common.</summary>
    public bool Overlaps(HookSet other) => (Bits & other.Bits) != 0;

    /// <summary>Both sets' hooks.</summary>
    public static HookSet operator |(HookSet left, HookSet right) => new((byte)(left.Bits | right.Bits));
}
