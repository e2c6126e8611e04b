namespace Weir.DataPath.Services;

/// <summary>
/// Where rr and wrr stand, in one word so that it changes atomically: the server that was chosen last, where it was in the list, and for wrr the
/// current weight.
/// </summary>
public static class SchedulerPosition
{
    private const int IndexShift = 20;
    private const int WeightShift = 40;
    private const ulong FieldMask = (1UL << IndexShift) - 1;

    /// <summary>A position. Slot 0 is the list's head.</summary>
    public static ulong Of(uint serverSlot, uint index, uint currentWeight) =>
        serverSlot | (ulong)index << IndexShift | (ulong)currentWeight << WeightShift;

    /// <summary>The slot of the server that was chosen last; 0 before the first choice.</summary>
    public static uint ServerSlot(ulong position) => (uint)(position & FieldMask);

    /// <summary>Where that server was in the list.</summary>
    public static uint Index(ulong position) => (uint)(position >> IndexShift & FieldMask);

    /// <summary>wrr's current weight.</summary>
    public static uint CurrentWeight(ulong position) => (uint)(position >> WeightShift);
}
