namespace Weir.Control.Instances;

/// <summary>What <c>weir xdp</c> was told of a device.</summary>
public enum XdpChoice
{
    /// <summary>Where the device is hardware whose driver has XDP.</summary>
    Automatic,

    /// <summary>Wherever the driver has XDP: whoever says so answers for no tagged frames coming in with their tags taken off.</summary>
    On,
    Off,
}
