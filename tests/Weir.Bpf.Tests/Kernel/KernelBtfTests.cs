using Weir.Bpf.Loading;

namespace Weir.Bpf.Tests.Kernel;

/// <summary>What the running kernel's BTF says of its structs.</summary>
public sealed class KernelBtfTests
{
    [Theory]
    [InlineData("list_head", "next", 0)]
    [InlineData("list_head", "prev", 8)]
    // In an unnamed struct within an unnamed union.
    [InlineData("sk_buff", "prev", 8)]
    public void A_member_is_found(string structName, string member, int offset) => Assert.Equal(offset, KernelBtf.TryFindMember(structName, member));

    [Theory]
    [InlineData("sk_buff", "sk")]
    [InlineData("sock_common", "skc_state")]
    [InlineData("cred", "fsgid")]
    public void A_members_place_is_known(string structName, string member) => Assert.InRange(KernelBtf.TryFindMember(structName, member) ?? -1, 1, 4096);

    [Theory]
    [InlineData("list_head", "last")]
    [InlineData("no_such_struct", "next")]
    public void What_is_not_there_is_not_found(string structName, string member) => Assert.Null(KernelBtf.TryFindMember(structName, member));

    [Fact]
    public void A_function_is_found() => Assert.NotNull(KernelBtf.TryFindFunction("bpf_rdonly_cast"));
}
