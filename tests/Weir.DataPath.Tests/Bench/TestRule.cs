using System.Runtime.CompilerServices;
using Weir.DataPath.Image;

namespace Weir.DataPath.Tests.Bench;

/// <summary>A rule of a <see cref="TestImage"/>, written in steps.</summary>
internal sealed class TestRule(TargetKind target = TargetKind.Continue)
{
    private readonly List<Cell> _matches = [];
    private RuleCell _cell = new()
    {
        Kind = CellKind.Rule4,
        Target = target,
        SourcePortMax = 65535,
        DestinationPortMax = 65535,
    };

    private Cell? _targetCell;
    private InterfaceCell? _interfaces;

    public uint CounterSlot { get; set; }

    public string? TargetChain { get; private set; }

    public static TestRule To(string chain, bool isGoto = false) => new(isGoto ? TargetKind.Goto : TargetKind.Jump) { TargetChain = chain };

    public TestRule Source(string address, int length = 32, bool invert = false)
    {
        _cell.SourceMaskBe = TestImage.MaskBe(length);
        _cell.SourceBe = TestImage.AddressBe(address) & _cell.SourceMaskBe;
        if (invert) _cell.Inverts |= RuleInverts.Source;
        return this;
    }

    public TestRule Destination(string address, int length = 32, bool invert = false)
    {
        _cell.DestinationMaskBe = TestImage.MaskBe(length);
        _cell.DestinationBe = TestImage.AddressBe(address) & _cell.DestinationMaskBe;
        if (invert) _cell.Inverts |= RuleInverts.Destination;
        return this;
    }

    public TestRule Protocol(byte protocol, bool invert = false)
    {
        _cell.Protocol = protocol;
        if (invert) _cell.Inverts |= RuleInverts.Protocol;
        return this;
    }

    public TestRule SourcePorts(int low, int high, bool invert = false)
    {
        (_cell.SourcePortMin, _cell.SourcePortMax) = ((ushort)low, (ushort)high);
        _cell.Flags |= RuleFlags.Ports;
        if (invert) _cell.Inverts |= RuleInverts.SourcePorts;
        return this;
    }

    public TestRule Ports(int low, int high, bool invert = false)
    {
        (_cell.DestinationPortMin, _cell.DestinationPortMax) = ((ushort)low, (ushort)high);
        _cell.Flags |= RuleFlags.Ports;
        if (invert) _cell.Inverts |= RuleInverts.DestinationPorts;
        return this;
    }

    public TestRule TcpFlags(byte mask, byte compare, bool invert = false)
    {
        (_cell.TcpFlagsMask, _cell.TcpFlagsCompare) = (mask, compare);
        _cell.Flags |= RuleFlags.Ports | RuleFlags.TcpFlags;
        if (invert) _cell.Inverts |= RuleInverts.TcpFlags;
        return this;
    }

    public TestRule Icmp(byte type, byte codeMin = 0, byte codeMax = 255, bool invert = false)
    {
        (_cell.IcmpType, _cell.IcmpCodeMin, _cell.IcmpCodeMax) = (type, codeMin, codeMax);
        _cell.Flags |= RuleFlags.Icmp;
        if (invert) _cell.Inverts |= RuleInverts.Icmp;
        return this;
    }

    public TestRule Fragment(bool invert = false)
    {
        _cell.Flags |= RuleFlags.Fragment;
        if (invert) _cell.Inverts |= RuleInverts.Fragment;
        return this;
    }

    public unsafe TestRule Interface(string name, bool output = false, bool invert = false)
    {
        var cell = _interfaces ?? default;
        var prefix = name.EndsWith('+');
        var bytes = TestImage.Name(prefix ? name[..^1] : name);
        for (var i = 0; i < 16; i++)
        {
            var mask = (byte)(i < (prefix ? name.Length - 1 : name.Length + 1) ? 0xff : 0);
            if (output) (cell.Out[i], cell.OutMask[i]) = (bytes[i], mask);
            else (cell.In[i], cell.InMask[i]) = (bytes[i], mask);
        }
        _interfaces = cell;
        if (invert) _cell.Inverts |= output ? RuleInverts.OutInterface : RuleInverts.InInterface;
        return this;
    }

    public TestRule Match<T>(T cell) where T : unmanaged
    {
        _matches.Add(Unsafe.BitCast<T, Cell>(cell));
        return this;
    }

    public TestRule State(ConntrackStates states, bool invert = false) => Match(new ConntrackMatchCell
    {
        Kind = MatchKind.Conntrack,
        Parts = ConntrackParts.State,
        Inverts = invert ? ConntrackParts.State : 0,
        States = states,
    });

    public TestRule Argument(uint argument, uint argument2 = 0)
    {
        (_cell.Argument, _cell.Argument2) = (argument, argument2);
        return this;
    }

    public TestRule Nat(NatRangeFlags flags = 0, string? low = null, string? high = null, int portLow = 0, int portHigh = 0)
    {
        var cell = new NatTargetCell { Flags = flags, PortMin = (ushort)portLow, PortMax = (ushort)(portHigh == 0 ? portLow : portHigh) };
        if (low != null)
        {
            cell.Flags |= NatRangeFlags.MapAddresses;
            cell.AddressMin = TestImage.Mapped(low);
            cell.AddressMax = TestImage.Mapped(high ?? low);
        }
        if (portLow != 0) cell.Flags |= NatRangeFlags.PortsSpecified;
        _targetCell = Unsafe.BitCast<NatTargetCell, Cell>(cell);
        return this;
    }

    public unsafe TestRule Log(string prefix = "", byte level = 4, LogFlags flags = LogFlags.None)
    {
        var cell = new LogTargetCell { Level = level, Flags = flags };
        for (var i = 0; i < prefix.Length; i++) cell.Prefix[i] = (byte)prefix[i];
        _targetCell = Unsafe.BitCast<LogTargetCell, Cell>(cell);
        return this;
    }

    /// <summary>Puts the extension cells down and returns the rule's cell.</summary>
    internal RuleCell Prepare(List<Cell> cells)
    {
        _cell.CounterSlot = CounterSlot;
        if (_matches.Count != 0)
        {
            _cell.MatchCell = (uint)cells.Count;
            _cell.MatchCount = (ushort)_matches.Count;
            cells.AddRange(_matches);
        }
        if (_interfaces is { } interfaces)
        {
            _cell.InterfaceCell = (uint)cells.Count;
            cells.Add(Unsafe.BitCast<InterfaceCell, Cell>(interfaces));
        }
        if (_targetCell is { } target)
        {
            _cell.Argument = (uint)cells.Count;
            cells.Add(target);
        }
        return _cell;
    }
}
