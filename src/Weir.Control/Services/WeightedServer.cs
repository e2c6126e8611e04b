namespace Weir.Control.Services;

/// <summary>A real server as the builders of scheduler tables see it.</summary>
/// <param name="Slot">Its slot in the map of servers.</param>
/// <param name="Weight">Its weight, 0 when quiesced.</param>
public readonly record struct WeightedServer(uint Slot, int Weight);
