namespace Weir.DataPath.Image;

/// <summary>
/// The word in <see cref="Maps.Active"/> that a program reads once for each packet; writing it is the commit of a change. Low half: <see cref="Packet.Active"/>;
/// high half: the generation.
/// <para>
/// Global sub-programs cannot take a map as argument, so each reads <see cref="Maps.Images"/> again at the slot of this word. A change therefore builds
/// the new image in the next slot (of <see cref="Slots"/>, in turn) and then writes the word: a packet under way still finds the old slot as it was. The map
/// in a slot is written over when its turn comes again (to exchange it would make the command wait for all processors), so a packet that was overtaken by
/// <see cref="Slots"/> - 1 changes is dropped at its end.
/// </para>
/// </summary>
public static class ActiveImage
{
    /// <summary>Slots of <see cref="Maps.Images"/>.</summary>
    public const uint Slots = 4;

    /// <summary>Bits 0 to 1: the slot.</summary>
    public const uint SlotMask = 3;

    /// <summary>The high half of the word counts changes.</summary>
    public const int GenerationShift = 32;

    /// <summary>An image is loaded.</summary>
    public const uint Loaded = 1 << 2;

    /// <summary>Packets are tracked: a rule asks for states, nat has rules, or services exist.</summary>
    public const uint Tracking = 1 << 3;

    /// <summary>Rules name devices: names are read from <see cref="Maps.Devices"/>.</summary>
    public const uint DeviceNames = 1 << 4;

    /// <summary>Virtual services exist.</summary>
    public const uint Services = 1 << 5;

    /// <summary>A rule logs: the link headers of what comes in are kept until it is forwarded (<see cref="Maps.LinkHeaders"/>).</summary>
    public const uint LinkHeaders = 1 << 6;

    /// <summary>New flows that no service has are looked up among the destinations that are services' (<see cref="Services.Guard"/>).</summary>
    public const uint Guarded = 1 << 7;

    /// <summary>Bit <c>16 + n</c>: built-in chain n (<see cref="BuiltInChain"/>) is in a loaded table: it counts its policy and must be walked.</summary>
    public const int ChainShift = 16;

    /// <summary>What concerns IPv6 packets: rules do not.</summary>
    public const uint ForIPv6 = SlotMask | Loaded | Tracking | Services | Guarded;

    /// <summary>The chains that a packet for this host or a virtual service meets before it is delivered.</summary>
    public const uint Input = 1u << (ChainShift + (int)BuiltInChain.MangleInput) | 1u << (ChainShift + (int)BuiltInChain.FilterInput);

    /// <summary>The chains that a packet that comes in meets between tracking and a virtual service.</summary>
    public const uint BeforeServices = 1u << (ChainShift + (int)BuiltInChain.ManglePrerouting) | 1u << (ChainShift + (int)BuiltInChain.NatPrerouting) | Input;

    /// <summary>The chains that a packet meets when it comes in.</summary>
    public const uint Arriving = BeforeServices | 1u << (ChainShift + (int)BuiltInChain.RawPrerouting) | 1u << (ChainShift + (int)BuiltInChain.NatInput);

    /// <summary>The chains that a forwarded packet meets when it leaves.</summary>
    public const uint Forwarded = 1u << (ChainShift + (int)BuiltInChain.MangleForward) | 1u << (ChainShift + (int)BuiltInChain.FilterForward) |
        1u << (ChainShift + (int)BuiltInChain.ManglePostrouting);
}
