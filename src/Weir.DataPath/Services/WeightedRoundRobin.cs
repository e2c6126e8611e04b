using System.Runtime.InteropServices;
using Weir.Bpf.Programs;

namespace Weir.DataPath.Services;

/// <summary>
/// wrr: rounds over the list at a falling weight, in each of which the servers with at least that weight take one connection (ip_vs_wrr). The control
/// side moves the position to the list's head whenever servers change.
/// </summary>
internal static unsafe class WeightedRoundRobin
{
    private const int Attempts = 4;

    /// <summary>Ends a search through rounds in which every server is overloaded.</summary>
    private const uint MaxSteps = 1 << 20;

    private const uint NoIndex = uint.MaxValue;

    public static uint Pick(Service* service)
    {
        var state = Maps.ServiceStates.At(service->Slot);
        if (state == null || service->MaxWeight <= 0) return 0;
        uint chosen = 0;
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            var position = state->Position;
            var zero = service->Zero;
            Walk walk;
            walk.Start = service->ServerStart;
            walk.Count = service->ServerCount;
            walk.Last = SchedulerPosition.ServerSlot(position) == 0 ? NoIndex : SchedulerPosition.Index(position);
            walk.Index = walk.Last + 1 + zero;
            walk.Stop = NoIndex - zero;
            walk.Weight = (int)(SchedulerPosition.CurrentWeight(position) + zero);
            walk.MaxWeight = service->MaxWeight;
            walk.WeightStep = service->WeightStep;
            walk.Restarted = zero;
            walk.LastPass = zero;
            walk.Found = zero;
            Helpers.Loop(MaxSteps, &Step, &walk, 0);
            chosen = walk.Found;
            var next = chosen != 0
                ? SchedulerPosition.Of(chosen, walk.Index, (uint)walk.Weight)
                : SchedulerPosition.Of(SchedulerPosition.ServerSlot(position), SchedulerPosition.Index(position), (uint)walk.Weight);
            if (Interlocked.CompareExchange(ref state->Position, next, position) == position) break;
        }
        return chosen;
    }

    private static long Step(uint step, void* context)
    {
        var walk = (Walk*)context;
        if (walk->Index >= walk->Count) return NextRound(walk);
        var slot = Schedulers.SlotAt(walk->Start, walk->Index);
        var server = Maps.Servers.At(slot);
        if (server != null && server->Overloaded == 0 && server->Weight > 0 && server->Weight >= walk->Weight)
        {
            walk->Found = slot;
            return 1;
        }
        if (walk->Index == walk->Stop) return 1;
        walk->Index++;
        return 0;
    }

    /// <summary>The list's end: the weight falls, and the search ends once every server was asked for a weight of 1.</summary>
    private static long NextRound(Walk* walk)
    {
        walk->Index = 0;
        walk->Weight -= walk->WeightStep;
        if (walk->Weight <= 0)
        {
            walk->Weight = walk->MaxWeight;
            if (walk->LastPass != 0 || walk->Last == NoIndex) return 1;
            walk->Restarted = 1;
        }
        walk->LastPass = walk->Weight <= walk->WeightStep ? 1u : 0;
        if (walk->LastPass != 0 && walk->Restarted != 0 && walk->Last != NoIndex) walk->Stop = walk->Last;
        return 0;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Walk
    {
        public uint Start;
        public uint Count;
        public uint Index;

        /// <summary>The index of the last choice.</summary>
        public uint Last;

        /// <summary>The index at which the search ends without a server.</summary>
        public uint Stop;
        public int Weight;
        public int MaxWeight;
        public int WeightStep;
        public uint Restarted;
        public uint LastPass;
        public uint Found;
    }
}
