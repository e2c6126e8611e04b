using System.Collections;
using System.Text;
using Weir.Bpf.Kernel;
using Weir.Bpf.Linux;
using Weir.Control.Images;
using Weir.Control.Instances;
using Weir.DataPath.Image;
using Weir.Model;
using Weir.Model.Rules;

namespace Weir.Control.Rules;

/// <summary>
/// The rule sets of this network namespace, in the kernel. The text in the live image is the source of truth; a change builds a new image and
/// makes it live with one write.
/// </summary>
public sealed class RulesetStore(StateFolder folder, IRulesetCodec codec) : IRulesetStore
{
    private static string OriginalsLock => Environment.GetEnvironmentVariable("XTABLES_LOCKFILE") is { Length: > 0 } path ? path : "/run/xtables.lock";

    /// <inheritdoc/>
    public Ruleset Read(AddressFamily family)
    {
        if (family != AddressFamily.IPv4) return Ruleset.Empty(family);
        using var instance = Instance.TryOpen(folder);
        if (instance is null) return Ruleset.Empty(family);
        while (true)
        {
            var active = instance.Active;
            instance.ForgetCounters();
            var ruleset = WithCounts(instance, Stored(instance.ReadImage()));
            // Where a change came in between, text and counters may be of different images.
            if (instance.Active == active) return ruleset;
        }
    }

    /// <inheritdoc/>
    public ChangeResult Change(AddressFamily family, LockWait wait, Func<Ruleset, Ruleset?> change)
    {
        if (family != AddressFamily.IPv4) return new(ChangeStatus.NotSupported, "IPv6 is not supported yet");
        if (!TryTakeOriginalsLock(wait.Limit, out var originals)) return ChangeResult.LockBusy(OriginalsLock);
        using var _ = originals;
        // Nobody holds this one for longer than a change takes, so to fail instead of waiting would help no one.
        using var held = folder.TakeLock(null)!;
        var instance = Instance.TryOpenCurrent(folder, held);
        try
        {
            var live = instance?.ReadImage() ?? [];
            var stored = Stored(live);
            var read = instance is null ? stored : WithCounts(instance, stored);
            if (change(read) is not { } changed) return ChangeResult.Unchanged;
            instance ??= Instance.Create(folder, held);
            instance.Refresh(held);
            return Commit(instance, live, stored, read, changed);
        }
        finally
        {
            instance?.Dispose();
        }
    }

    /// <inheritdoc/>
    public ChangeResult? TryEdit(AddressFamily family, LockWait wait, RuleEdit edit)
    {
        if (family != AddressFamily.IPv4) return null;
        if (!TryTakeOriginalsLock(wait.Limit, out var originals)) return ChangeResult.LockBusy(OriginalsLock);
        using var _ = originals;
        using var held = folder.TakeLock(null)!;
        using var instance = Instance.TryOpenCurrent(folder, held);
        using var image = instance?.MapImage();
        if (image is null || RuleImage.HeaderOf(image.Cells).TextLength == 0) return null;
        var live = image.Cells;
        var stored = RuleImage.TextOf(live);
        if (codec.Find(stored, edit) is not { } place) return null;
        Rule? rule = null;
        if (edit.Kind is RuleEditKind.Append or RuleEditKind.Insert)
        {
            var slot = FreeSlot(live, place);
            instance!.EnsureCounters(slot);
            rule = edit.Rule! with { Slot = slot };
            rule = rule with { Counters = rule.Counters - instance.CountedIn(slot) };
        }
        instance!.Refresh(held);
        using var room = instance.TakeRoom(ImageBuilder.RoomFor(live));
        var changed = ImageBuilder.Edit(live, instance.ServiceFlags, edit.Table, place, rule, codec.Edit(stored, place, rule), room.Cells);
        if (changed is null) return null;
        if (changed.RoutesLocalTranslations) instance.AcceptLocalSources(folder);
        instance.Commit(room, changed);
        return ChangeResult.Committed;
    }

    /// <summary>The lowest counter slot that no rule and no policy has. (The slot of a rule that goes is still in the image that packets are under way in.)</summary>
    private static int FreeSlot(ReadOnlySpan<Cell> live, RulePlace place)
    {
        var runs = RuleImage.RunsOf(live);
        // So many cannot all be taken.
        var used = new BitArray(runs.Length + place.Slots.Count + 2);
        foreach (var policy in place.Slots) Use(policy);
        foreach (ref readonly var cell in runs)
        {
            if (cell.Kind == CellKind.Rule4) Use((int)cell.CounterSlot);
        }
        var slot = 1;
        while (used[slot]) slot++;
        return slot;

        void Use(int taken)
        {
            if (taken < used.Length) used[taken] = true;
        }
    }

    /// <summary>
    /// The lock of iptables itself, which is also what others take who want to be alone with the rules (kube-proxy, flock(1)). Commands of ours share it: they
    /// wait for each other by a lock of their own.
    /// </summary>
    private static bool TryTakeOriginalsLock(TimeSpan? limit, out FileLock? held)
    {
        held = null;
        try
        {
            held = FileLock.TakeShared(OriginalsLock, limit);
            return held is not null;
        }
        catch (BpfException)
        {
            // What cannot be opened is held by nobody.
            return true;
        }
    }

    private ChangeResult Commit(Instance instance, Cell[] live, Ruleset stored, Ruleset read, Ruleset changed)
    {
        instance.ForgetCounters();
        var assigned = SlotAssignment.Assign(stored, read, changed, instance.CountedIn);
        var generation = live.Length == 0 ? 1 : RuleImage.HeaderOf(live).Generation + 1;
        var text = new StringWriter();
        codec.Encode(assigned, text);
        var image = ImageBuilder.Build(assigned, live, generation, instance.ServiceFlags, text.ToString(), out var refusal);
        if (image is null) return refusal!.ToResult();
        instance.EnsureCounters(HighestSlot(assigned));
        if (image.RoutesLocalTranslations) instance.AcceptLocalSources(folder);
        instance.Commit(image);
        return ChangeResult.Committed;
    }

    private Ruleset Stored(Cell[] cells)
    {
        if (cells.Length == 0 || RuleImage.HeaderOf(cells).TextLength == 0) return Ruleset.Empty(AddressFamily.IPv4);
        using var text = new StringReader(Encoding.UTF8.GetString(RuleImage.TextOf(cells)));
        return codec.TryDecode(text, out var ruleset, out var error)
            ? ruleset!
            : throw new InvalidDataException($"the text of the live rules is damaged: {error}");
    }

    private static Ruleset WithCounts(Instance instance, Ruleset stored) =>
        SlotAssignment.Map(stored, (slot, offset) => (slot, slot == 0 ? offset : offset + instance.CountedIn(slot)));

    private static int HighestSlot(Ruleset ruleset)
    {
        var highest = 0;
        foreach (var table in ruleset.Tables)
        {
            foreach (var chain in table.Chains)
            {
                highest = Math.Max(highest, chain.Slot);
                foreach (var rule in chain.Rules) highest = Math.Max(highest, rule.Slot);
            }
        }
        return highest;
    }
}
