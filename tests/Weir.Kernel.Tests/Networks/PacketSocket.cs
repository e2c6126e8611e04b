using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Weir.Kernel.Tests.Networks;

/// <summary>Sends and receives whole frames on a device (packet(7)); sees only what arrives, not what it sends.</summary>
internal sealed unsafe partial class PacketSocket : IDisposable
{
    private const int Family = 17;
    private const int Raw = 3;
    private const ushort AllProtocolsBe = 0x0300;
    private const int SolPacket = 263;
    private const int IgnoreOutgoing = 23;
    private const int MessageDontWait = 0x40;

    private readonly SafeFileHandle _handle;

    /// <summary>Opens it in the calling thread's network namespace.</summary>
    public PacketSocket(string device)
    {
        var socket = Socket(Family, Raw, AllProtocolsBe);
        _handle = new SafeFileHandle(socket, true);
        var address = new Address { Family = Family, ProtocolBe = AllProtocolsBe, IfIndex = (int)InterfaceIndex(device) };
        var one = 1;
        if (socket < 0 || address.IfIndex == 0 || SetOption(socket, SolPacket, IgnoreOutgoing, &one, 4) != 0 || Bind(socket, &address, sizeof(Address)) != 0)
            throw new InvalidOperationException($"packet socket on {device}: errno {Marshal.GetLastPInvokeError()}");
    }

    public void Send(ReadOnlySpan<byte> frame)
    {
        fixed (byte* data = frame)
        {
            if (Send((int)_handle.DangerousGetHandle(), data, (nuint)frame.Length, 0) != frame.Length)
                throw new InvalidOperationException($"send: errno {Marshal.GetLastPInvokeError()}");
        }
    }

    /// <summary>A frame that has arrived, or null.</summary>
    public byte[]? TryReceive()
    {
        var buffer = stackalloc byte[65536];
        var length = Receive((int)_handle.DangerousGetHandle(), buffer, 65536, MessageDontWait);
        return length > 0 ? new ReadOnlySpan<byte>(buffer, (int)length).ToArray() : null;
    }

    public void Dispose() => _handle.Dispose();

    [StructLayout(LayoutKind.Sequential)]
    private struct Address
    {
        public ushort Family;
        public ushort ProtocolBe;
        public int IfIndex;
        public ushort HardwareType;
        public byte PacketType;
        public byte Length;
        public ulong Hardware;
    }

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    private static partial int Socket(int family, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "bind", SetLastError = true)]
    private static partial int Bind(int socket, Address* address, int length);

    [LibraryImport("libc", EntryPoint = "setsockopt", SetLastError = true)]
    private static partial int SetOption(int socket, int level, int name, int* value, int length);

    [LibraryImport("libc", EntryPoint = "send", SetLastError = true)]
    private static partial nint Send(int socket, byte* data, nuint length, int flags);

    [LibraryImport("libc", EntryPoint = "recv", SetLastError = true)]
    private static partial nint Receive(int socket, byte* data, nuint length, int flags);

    [LibraryImport("libc", EntryPoint = "if_nametoindex", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial uint InterfaceIndex(string name);
}
