using Weir.Iptables.Names;
using Weir.Model;

namespace Weir.Iptables.Printing;

/// <summary>Addresses with masks.</summary>
internal static class AddressText
{
    /// <summary>As listings have it: no mask for one address; a name where <paramref name="names"/> knows one.</summary>
    public static string WithMask(AddressMask host, INames? names)
    {
        var address = names?.HostOf(host.Address) ?? host.Address.ToString();
        return host.PrefixLength switch
        {
            -1 => $"{address}/{host.Mask}",
            var length when length == AddressMask.BitsOf(host.Family) => address,
            var length => $"{address}/{length}",
        };
    }

    /// <summary>As iptables-save has it: always with a mask (IPv4).</summary>
    public static string Saved(AddressMask host) => host.ToString();
}
