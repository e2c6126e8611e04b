using System.Runtime.InteropServices;
using System.Threading;
using Weir.Bpf.Programs;

namespace Weir.Bench.Twin;

[StructLayout(LayoutKind.Sequential)]
public struct TwinTuple
{
    public uint Source, Destination;
    public ushort SourcePort, DestinationPort;
    public byte Protocol, Pad0;
    public ushort Pad1;
}

[StructLayout(LayoutKind.Sequential)]
public struct TwinServiceKey
{
    public uint Address;
    public ushort Port;
    public byte Protocol, Pad;
}

[StructLayout(LayoutKind.Sequential)]
public struct TwinService
{
    public uint Slot, Count, First, Flags;
}

[StructLayout(LayoutKind.Sequential)]
public struct TwinState
{
    public ulong Next, Connections, Packets, Bytes;
}

[StructLayout(LayoutKind.Sequential)]
public struct TwinServer
{
    public uint Address;
    public ushort Port, Weight;
    public uint Active, Inactive;
}

[StructLayout(LayoutKind.Sequential)]
public struct TwinFlow
{
    public ulong Expires;
    public uint Server, Client, VirtualAddress, ServerAddress;
    public ushort ClientPort, VirtualPort, ServerPort;
    public byte State, Reply;
}

/// <summary>A small load balancer, for comparing our compiler's instruction counts with clang's on balancer.c, its twin statement by statement.</summary>
public static unsafe class Balancer
{
    public static readonly HashMap<TwinServiceKey, TwinService> Services = new(1024);
    public static readonly ArrayMap<TwinState> States = new(1024);
    public static readonly ArrayMap<TwinServer> Servers = new(4096);
    public static readonly HashMap<TwinTuple, TwinFlow> Flows = new(65536);

    [Program("tc/ingress")]
    public static int Ingress(SkBuff* skb)
    {
        var t = new TwinTuple();
        byte flags;
        if (!Parse(skb, &t, &flags)) return -1;
        var now = Helpers.KtimeGetNs();
        var f = Flows.Lookup(&t);
        if (f != null && f->Expires > now && !((flags & 2) != 0 && f->State == 3))
        {
            f->State = Advance(f->State, flags);
            f->Expires = now + Timeout(t.Protocol, f->State);
            if (f->Reply != 0) return Translate(skb, t.Protocol, f->VirtualAddress, f->VirtualPort, true) ? -1 : 2;
            return Translate(skb, t.Protocol, f->ServerAddress, f->ServerPort, false) ? -1 : 2;
        }
        var key = new TwinServiceKey { Address = t.Destination, Port = t.DestinationPort, Protocol = t.Protocol };
        var s = Services.Lookup(&key);
        if (s == null) return -1;
        var state = States.At(s->Slot);
        if (state == null) return 2;
        var count = s->Count;
        if (count == 0) return 2;
        var next = Interlocked.Add(ref state->Next, 1) - 1;
        var index = s->First + (uint)(next % count);
        var server = Servers.At(index);
        if (server == null) return 2;
        Interlocked.Add(ref state->Connections, 1);
        Interlocked.Add(ref state->Packets, 1);
        Interlocked.Add(ref state->Bytes, skb->Length - 14);
        var fresh = new TwinFlow
        {
            Server = index,
            Client = t.Source,
            ClientPort = t.SourcePort,
            VirtualAddress = t.Destination,
            VirtualPort = t.DestinationPort,
            ServerAddress = server->Address,
            ServerPort = server->Port,
            State = Advance(0, flags),
        };
        fresh.Expires = now + Timeout(t.Protocol, fresh.State);
        if (Flows.Update(&t, &fresh, UpdateMode.Any) != 0) return 2;
        var reply = new TwinTuple
        {
            Source = server->Address,
            Destination = t.Source,
            SourcePort = server->Port,
            DestinationPort = t.SourcePort,
            Protocol = t.Protocol,
        };
        fresh.Reply = 1;
        if (Flows.Update(&reply, &fresh, UpdateMode.Any) != 0) return 2;
        return Translate(skb, t.Protocol, fresh.ServerAddress, fresh.ServerPort, false) ? -1 : 2;
    }

    private static bool Parse(SkBuff* skb, TwinTuple* t, byte* flags)
    {
        var data = SkBuff.Data(skb);
        var end = SkBuff.DataEnd(skb);
        *flags = 0;
        if (data + 34 > end) return false;
        if (*(ushort*)(data + 12) != 0x0008) return false;
        var ip = data + 14;
        if (ip[0] != 0x45) return false;
        if ((*(ushort*)(ip + 6) & 0xff3f) != 0) return false;
        t->Source = *(uint*)(ip + 12);
        t->Destination = *(uint*)(ip + 16);
        t->Protocol = ip[9];
        if (t->Protocol == 6)
        {
            if (data + 54 > end) return false;
            *flags = data[47];
        }
        else if (t->Protocol == 17)
        {
            if (data + 42 > end) return false;
            *flags = 0;
        }
        else
        {
            return false;
        }
        t->SourcePort = *(ushort*)(data + 34);
        t->DestinationPort = *(ushort*)(data + 36);
        return true;
    }

    private static ulong Timeout(byte protocol, byte state)
    {
        if (protocol == 17) return 300_000_000_000;
        switch (state)
        {
            case 1: return 60_000_000_000;
            case 2: return 900_000_000_000;
            case 3: return 120_000_000_000;
            default: return 10_000_000_000;
        }
    }

    private static byte Advance(byte state, byte flags)
    {
        if ((flags & 4) != 0) return 4;
        if ((flags & 1) != 0) return 3;
        if ((flags & 2) != 0) return 1;
        if ((flags & 16) != 0 && state == 1) return 2;
        return state;
    }

    private static bool Translate(SkBuff* skb, byte protocol, uint address, ushort port, bool source)
    {
        if (Helpers.SkbPullData(skb, 54) != 0) return false;
        var data = SkBuff.Data(skb);
        var end = SkBuff.DataEnd(skb);
        if (data + 42 > end) return false;
        var ip = data + 14;
        uint oldAddress;
        ushort oldPort;
        if (source)
        {
            oldAddress = *(uint*)(ip + 12);
            *(uint*)(ip + 12) = address;
            oldPort = *(ushort*)(data + 34);
            *(ushort*)(data + 34) = port;
        }
        else
        {
            oldAddress = *(uint*)(ip + 16);
            *(uint*)(ip + 16) = address;
            oldPort = *(ushort*)(data + 36);
            *(ushort*)(data + 36) = port;
        }
        var difference = (ulong)~oldAddress + address;
        ulong sum = (ushort)~*(ushort*)(ip + 10);
        sum += difference;
        *(ushort*)(ip + 10) = (ushort)~Fold(sum);
        difference = (difference & 0xffffffff) + (difference >> 32);
        difference = (difference & 0xffffffff) + (difference >> 32);
        var offset = protocol == 6 ? 50u : 40u;
        var mangled = protocol == 6 ? 0 : ChecksumFlags.MarkMangledZero;
        if (Helpers.L4CsumReplace(skb, offset, 0, difference, ChecksumFlags.PseudoHeader | mangled) != 0) return false;
        if (Helpers.L4CsumReplace(skb, offset, oldPort, port, 2 | mangled) != 0) return false;
        return true;
    }

    private static uint Fold(ulong sum)
    {
        sum = (sum & 0xffffffff) + (sum >> 32);
        sum = (sum & 0xffff) + (sum >> 16);
        sum = (sum & 0xffff) + (sum >> 16);
        sum = (sum & 0xffff) + (sum >> 16);
        return (uint)sum;
    }
}
