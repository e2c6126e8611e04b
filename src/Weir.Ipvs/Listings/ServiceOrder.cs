using Weir.Model;

namespace Weir.Ipvs;

/// <summary>
/// The order of listings: marks, then family, protocol, address and port. ipvsadm compares by subtracting 32-bit integers, which wraps,
/// so the order of addresses that are 2^31 or more apart looks odd (200.0.0.1 comes before 10.0.0.1) and can even be circular;
/// the same comparison in the same merge sort (glibc's qsort) gives the same listing.
/// </summary>
internal static class ServiceOrder
{
    public static IReadOnlyList<ServiceState> Sort(IReadOnlyList<ServiceState> services) => MergeSort(services, CompareServices);

    public static IReadOnlyList<ServerState> Sort(IReadOnlyList<ServerState> servers) =>
        MergeSort(servers, CompareServers);

    private static int CompareServices(ServiceState left, ServiceState right)
    {
        var (one, other) = (left.Service.Key, right.Service.Key);
        if (Difference(one.Mark, other.Mark) is var marks and not 0) return marks;
        if (one.Family != other.Family) return one.Family.CompareTo(other.Family);
        if (one.Protocol != other.Protocol) return one.Protocol.CompareTo(other.Protocol);
        return CompareEndpoints(one.Family, one.Address, one.Port, other.Family, other.Address, other.Port);
    }

    private static int CompareServers(ServerState left, ServerState right)
    {
        var (one, other) = (left.Server.Key, right.Server.Key);
        return CompareEndpoints(one.Address.Family, one.Address, one.Port, other.Address.Family, other.Address, other.Port);
    }

    private static int CompareEndpoints(
        AddressFamily family, Address address, ushort port, AddressFamily otherFamily, Address otherAddress, ushort otherPort)
    {
        for (var word = 0; word < 4; word++)
        {
            if (Difference(Word(family, address, word), Word(otherFamily, otherAddress, word)) is var words and not 0) return words;
        }
        return port - otherPort;
    }

    private static int Difference(uint left, uint right) => unchecked((int)(left - right));

    // An IPv4 address fills the first word of four, whatever the family of the other side.
    private static uint Word(AddressFamily family, Address address, int index)
    {
        if (family == AddressFamily.IPv4) return index == 0 ? address.IPv4 : 0;
        return (uint)((index < 2 ? address.High : address.Low) >> (index % 2 == 0 ? 32 : 0));
    }

    private static IReadOnlyList<T> MergeSort<T>(IReadOnlyList<T> items, Comparison<T> compare)
    {
        if (items.Count < 2) return items;
        var half = items.Count / 2;
        var left = MergeSort([.. items.Take(half)], compare);
        var right = MergeSort([.. items.Skip(half)], compare);
        var merged = new List<T>(items.Count);
        int i = 0, j = 0;
        while (i < left.Count && j < right.Count) merged.Add(compare(left[i], right[j]) <= 0 ? left[i++] : right[j++]);
        merged.AddRange(left.Skip(i));
        merged.AddRange(right.Skip(j));
        return merged;
    }
}
