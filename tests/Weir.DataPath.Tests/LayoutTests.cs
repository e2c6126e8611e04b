using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Weir.DataPath.Flows;
using Weir.DataPath.Image;
using Weir.DataPath.Rules;
using Weir.DataPath.Services;
using Weir.DataPath.Sockets;

namespace Weir.DataPath.Tests;

/// <summary>Structs that both sides of a map, or two versions of the program, must see alike.</summary>
public class LayoutTests
{
    public static TheoryData<Type, int> Sizes => new()
    {
        { typeof(IpAddress), 16 },
        { typeof(Packet), 136 },
        { typeof(FlowTuple), 40 },
        { typeof(Flow), Scratch.FlowWords * 8 },
        { typeof(FragmentKey), 40 },
        { typeof(FragmentPorts), 16 },
        { typeof(ConnLimitKey), 24 },
        { typeof(TimeoutSettings), 80 },
        { typeof(Settings), 64 },
        { typeof(PassagePath), 30 },
        { typeof(WayBack), 24 },
        { typeof(Counter), 16 },
        { typeof(RuleState), 8 },
        { typeof(Device), 48 },
        { typeof(Stats), 112 },
        { typeof(Scratch), Scratch.FlowWords * 8 + Scratch.Depth * 8 + Verdict.Words * 8 + Verdict.MostSlots * 4 + 8 + 64 + ClassifierCell.Trees * 8 + 80 + Scratch.AnswerSize },
        { typeof(LogEvent), 232 },
        { typeof(SocketOwnerPath), 14 },
        { typeof(LinkHeader), 24 },
        { typeof(AnswerLimits), 24 },
        { typeof(ServiceKey), 24 },
        { typeof(Service), 48 },
        { typeof(NetworkKey), 24 },
        { typeof(ServiceState), 80 },
        { typeof(Server), 96 },
        { typeof(Estimate), 80 },
        { typeof(TemplateKey), 40 },
        { typeof(Template), 48 },
        { typeof(SocketService), 56 },
        { typeof(SocketKey), 32 },
    };

    [Theory]
    [MemberData(nameof(Sizes))]
    public void A_struct_has_its_size(Type type, int size) => Assert.Equal(size, SizeOf(type));

    [Fact]
    public void Every_cell_has_64_bytes()
    {
        var cells = typeof(Cell).Assembly.GetTypes().Where(type => type.Namespace == typeof(Cell).Namespace && type.Name.EndsWith("Cell")).ToList();
        Assert.True(cells.Count >= 15);
        Assert.All(cells, type => Assert.Equal(Cell.Size, SizeOf(type)));
    }

    [Theory]
    [InlineData(typeof(FlowTuple), nameof(FlowTuple.SourcePortBe), 32)]
    [InlineData(typeof(FlowTuple), nameof(FlowTuple.Protocol), 36)]
    [InlineData(typeof(Flow), nameof(Flow.Timer), 0)]
    [InlineData(typeof(Flow), nameof(Flow.Status), 16)]
    [InlineData(typeof(Flow), nameof(Flow.Expires), 24)]
    [InlineData(typeof(Flow), nameof(Flow.Reply), 48)]
    [InlineData(typeof(Flow), nameof(Flow.ServiceSlot), 88)]
    [InlineData(typeof(Flow), nameof(Flow.Virtual), 96)]
    [InlineData(typeof(Flow), nameof(Flow.Mark), 116)]
    [InlineData(typeof(Flow), nameof(Flow.OriginalPackets), 160)]
    [InlineData(typeof(RuleCell), nameof(RuleCell.CounterSlot), 56)]
    [InlineData(typeof(Server), nameof(Server.Weight), 24)]
    [InlineData(typeof(Server), nameof(Server.Connections), 56)]
    public void A_field_has_its_place(Type type, string field, int offset) => Assert.Equal(offset, (int)Marshal.OffsetOf(type, field));

    private static int SizeOf(Type type) =>
        (int)typeof(Unsafe).GetMethod(nameof(Unsafe.SizeOf))!.MakeGenericMethod(type).Invoke(null, null)!;
}
