using System.Runtime.InteropServices;
using Weir.Bpf.Programs;
using Weir.DataPath.Flows;
using Weir.DataPath.Image;
using Weir.DataPath.Nat;

namespace Weir.DataPath.Rules;

/// <summary>The walk through a built-in chain: rule by rule, into user chains and back, to a verdict.</summary>
public static unsafe class Walk
{
    /// <summary>Most steps (a rule or a match cell each): above it the packet is dropped.</summary>
    private const uint MaxSteps = 1 << 20;

    /// <summary>Walks a built-in chain where it is in a loaded table.</summary>
    /// <returns>A <see cref="TcAction"/>.</returns>
    [Subprogram(Global = true)]
    public static int Chain(SkBuff* skb, Packet* packet, uint chain)
    {
        if (packet == null || chain > (uint)BuiltInChain.FilterOutput) return TcAction.Shot;
        State state = default;
        state.Image = packet->ImageSlot;
        var image = Maps.Images.At(state.Image);
        if (image == null) return TcAction.Continue;
        var heads = (HeadsCell*)image.At(HeadsCell.First);
        if (heads == null) return TcAction.Shot;
        state.Cell = heads->Chains[chain];
        if (state.Cell == 0) return TcAction.Continue;
        state.Skb = skb;
        state.Packet = packet;
        state.Chain = chain;
        // Not the constant: see FlowTuple.Zero0.
        uint zero = packet->Original.Zero0;
        state.Classifier = zero;
        state.MatchCell = zero;
        state.MatchesLeft = zero;
        state.Depth = zero;
        state.Verdict = zero;
        state.Argument = zero;
        delegate*<uint, State*, long> step = &Step;
        Helpers.Loop(MaxSteps, (delegate*<uint, void*, long>)step, &state, 0);
        switch ((TargetKind)state.Verdict)
        {
            case TargetKind.Accept:
                return TcAction.Continue;
            case TargetKind.Drop:
                return TcAction.Shot;
            case TargetKind.Reject:
                return Reject.Answer(skb, packet, state.Argument);
            case TargetKind.Dnat:
            case TargetKind.Snat:
            case TargetKind.Masquerade:
            case TargetKind.Redirect:
                return Setup.FromTarget(skb, packet, state.Argument, state.Verdict);
            default:
                // The loop ended without a verdict.
                Statistics.WalkOverruns();
                return TcAction.Shot;
        }
    }

    /// <summary>One step: a rule's head, or one of its match cells. 1 ends the walk.</summary>
    private static long Step(uint index, State* state)
    {
        var packet = state->Packet;
        var image = Maps.Images.At(state->Image);
        if (image == null || packet == null) return Stop(state, TargetKind.Drop);
        var rule = (RuleCell*)image.Lookup(&state->Cell);
        if (rule == null) return Stop(state, TargetKind.Drop);
        if (state->MatchesLeft != 0)
        {
            var result = (MatchResult)Matches.Evaluate(packet, state->MatchCell);
            if (result == MatchResult.HotDrop) return Stop(state, TargetKind.Drop);
            if (result == MatchResult.No)
            {
                state->MatchesLeft = 0;
                return Next(state);
            }
            state->MatchCell++;
            if (--state->MatchesLeft != 0) return 0;
        }
        else if (rule->Kind == CellKind.Rule4)
        {
            var result = Head.Evaluate(packet, rule);
            if (result == MatchResult.Yes && rule->InterfaceCell != 0)
            {
                var names = (InterfaceCell*)image.At(rule->InterfaceCell);
                if (names == null || !Head.InterfacesMatch(packet, rule, names)) result = MatchResult.No;
            }
            if (result == MatchResult.HotDrop) return Stop(state, TargetKind.Drop);
            if (result == MatchResult.No) return Next(state);
            if (rule->MatchCount != 0)
            {
                state->MatchCell = rule->MatchCell;
                state->MatchesLeft = rule->MatchCount;
                return 0;
            }
        }
        else if (rule->Kind == CellKind.End)
        {
            return Return(state);
        }
        else if (rule->Kind == CellKind.Classifier)
        {
            state->Classifier = state->Cell;
            return Locate(state, 0);
        }
        else if (rule->Kind != CellKind.Policy)
        {
            return Stop(state, TargetKind.Drop);
        }
        Count(rule->CounterSlot, packet->Length);
        Memory.Note(rule->CounterSlot);
        return Apply(state, packet, rule);
    }

    private static long Apply(State* state, Packet* packet, RuleCell* rule)
    {
        switch (rule->Target)
        {
            case TargetKind.Continue:
                break;
            case TargetKind.Return:
                return Return(state);
            case TargetKind.Jump:
                if (!Push(state)) return 1;
                state->Cell = rule->Argument;
                state->Classifier = 0;
                return 0;
            case TargetKind.Goto:
                state->Cell = rule->Argument;
                state->Classifier = 0;
                return 0;
            case TargetKind.Mark:
                packet->Flags |= PacketFlags.Varies;
                packet->Mark = (packet->Mark & ~rule->Argument2) ^ rule->Argument;
                packet->Flags |= PacketFlags.MarkChanged;
                return Locate(state, state->Cell + 1);
            case TargetKind.NoTrack:
                if (packet->State == TrackState.None) packet->State = TrackState.Untracked;
                return Locate(state, state->Cell + 1);
            case TargetKind.Log:
                packet->Flags |= PacketFlags.Varies;
                Log.Write(state->Skb, packet, rule->Argument);
                break;
            default:
                state->Argument = rule->Argument;
                return Stop(state, rule->Target);
        }
        return Next(state);
    }

    /// <summary>To the next rule of the chain that may concern the packet.</summary>
    private static long Next(State* state)
    {
        if (state->Classifier == 0) state->Cell++;
        else state->Cell = Classifier.Next(state->Image, state->Cell);
        return 0;
    }

    /// <summary>
    /// To the first rule from a cell on that may concern the packet as it is now: where a chain begins (0), where a walk returns to it, and where a rule changed
    /// what classifiers look at.
    /// </summary>
    private static long Locate(State* state, uint position)
    {
        var cell = state->Classifier == 0 ? 0 : Classifier.Locate(state->Packet, state->Classifier, position);
        if (cell == 0)
        {
            state->Classifier = 0;
            // Behind the classifier is the first rule.
            cell = position == 0 ? state->Cell + 1 : position;
        }
        state->Cell = cell;
        return 0;
    }

    private static long Stop(State* state, TargetKind verdict)
    {
        state->Verdict = (uint)verdict;
        return 1;
    }

    private static bool Push(State* state)
    {
        var scratch = Maps.Scratches.At(0);
        var depth = state->Depth;
        // Without a verdict the walk counts as overrun.
        if (scratch == null || depth >= Scratch.Depth) return false;
        scratch->Returns[depth] = state->Cell + 1;
        scratch->ReturnClassifiers[depth] = state->Classifier;
        state->Depth = depth + 1;
        return true;
    }

    private static long Return(State* state)
    {
        var depth = state->Depth;
        if (depth == 0)
        {
            // Out of the built-in chain: its policy.
            var image = Maps.Images.At(state->Image);
            if (image == null) return Stop(state, TargetKind.Drop);
            var policies = (HeadsCell*)image.At(HeadsCell.Policies);
            var chain = state->Chain;
            if (policies == null || chain > (uint)BuiltInChain.FilterOutput) return Stop(state, TargetKind.Drop);
            state->Cell = policies->Chains[chain];
            state->Classifier = 0;
            return 0;
        }
        var scratch = Maps.Scratches.At(0);
        depth--;
        if (scratch == null || depth >= Scratch.Depth) return Stop(state, TargetKind.Drop);
        state->Depth = depth;
        state->Classifier = scratch->ReturnClassifiers[depth];
        return Locate(state, scratch->Returns[depth]);
    }

    /// <summary>A rule or a policy counts a packet.</summary>
    public static void Count(uint slot, uint bytes)
    {
        var chunk = Maps.Counters.At(slot >> Counter.ChunkShift);
        if (chunk == null) return;
        var counter = chunk.At(slot & (Counter.ChunkSize - 1));
        if (counter == null) return;
        counter->Packets++;
        counter->Bytes += bytes;
    }

    /// <summary>Where a walk stands; on the stack of <see cref="Chain"/>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct State
    {
        public SkBuff* Skb;
        public Packet* Packet;
        public uint Image;
        public uint Chain;
        public uint Cell;

        /// <summary>The classifier of the chain that is walked by its lists; 0: rule by rule.</summary>
        public uint Classifier;
        public uint MatchCell;
        public uint MatchesLeft;
        public uint Depth;
        public uint Verdict;
        public uint Argument;
    }
}
