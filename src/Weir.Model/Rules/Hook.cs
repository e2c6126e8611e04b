namespace Weir.Model.Rules;

/// <summary>Where in a packet's way a built-in chain sits; the numbers are the kernel's (enum nf_inet_hooks).</summary>
public enum Hook : byte
{
    Prerouting = 0,
    Input = 1,
    Forward = 2,
    Output = 3,
    Postrouting = 4,
}
