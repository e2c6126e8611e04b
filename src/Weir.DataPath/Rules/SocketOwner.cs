using Weir.Bpf.Programs;
using Weir.DataPath.Image;

namespace Weir.DataPath.Rules;

/// <summary>Who a packet's socket belongs to (LOG --log-uid).</summary>
internal static unsafe class SocketOwner
{
    // TCP states of what is no full socket and has no owner.
    private const byte TimeWait = 6;
    private const byte NewSynReceived = 12;

    /// <summary>Puts the owner into the event, as nf_log_dump_sk_uid_gid finds it; leaves it alone where the packet has none.</summary>
    public static void Find(SkBuff* skb, SocketOwnerPath* path, LogEvent* log)
    {
        if ((Maps.Settings.Value->Flags & SettingsFlags.ReadKernel) == 0 || path->Socket == 0) return;
        var scratch = Maps.Scratches.At(0);
        if (scratch == null) return;
        // The context is the kernel's sk_buff. Its address becomes a number on the way through memory.
        *(SkBuff**)scratch->Answer = skb;
        var socket = Follow(*(ulong*)scratch->Answer, path->Socket);
        if (socket == 0) return;
        byte state = 0;
        if (Helpers.ProbeReadKernel(&state, 1, socket + path->State) != 0 || state is TimeWait or NewSynReceived) return;
        var handle = Follow(socket, path->Handle);
        if (handle == 0) return;
        var file = Follow(handle, path->File);
        if (file == 0) return;
        var credentials = Follow(file, path->Credentials);
        if (credentials == 0) return;
        uint user = 0, group = 0;
        if (Helpers.ProbeReadKernel(&user, 4, credentials + path->User) != 0) return;
        if (Helpers.ProbeReadKernel(&group, 4, credentials + path->Group) != 0) return;
        log->Uid = user;
        log->Gid = group;
    }

    /// <summary>The pointer at an offset from an address of the kernel; 0 where there is none.</summary>
    private static ulong Follow(ulong from, ushort offset)
    {
        ulong pointer = 0;
        return Helpers.ProbeReadKernel(&pointer, 8, from + offset) == 0 ? pointer : 0;
    }
}
