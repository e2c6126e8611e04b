using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Weir.Kernel.Tests.Networks;

/// <summary>A tun device (no link header) of the calling thread's network namespace, whose far end is the test.</summary>
internal sealed unsafe partial class TunDevice : IDisposable
{
    private const int ReadWriteNonBlocking = 2 | 0x800;
    private const uint SetInterface = 0x400454ca;
    private const ushort TunWithoutInformation = 0x1001;

    private readonly SafeFileHandle _handle;

    public TunDevice(string name)
    {
        _handle = new SafeFileHandle(Open("/dev/net/tun", ReadWriteNonBlocking), true);
        var request = default(Request);
        for (var i = 0; i < name.Length; i++) request.Name[i] = (byte)name[i];
        request.Flags = TunWithoutInformation;
        if (_handle.IsInvalid || Control((int)_handle.DangerousGetHandle(), SetInterface, &request) != 0)
            throw new InvalidOperationException($"tun device {name}: errno {Marshal.GetLastPInvokeError()}");
    }

    /// <summary>A packet comes in by the device.</summary>
    public void Send(ReadOnlySpan<byte> packet)
    {
        fixed (byte* data = packet)
        {
            if (Write((int)_handle.DangerousGetHandle(), data, (nuint)packet.Length) != packet.Length)
                throw new InvalidOperationException($"write to a tun device: errno {Marshal.GetLastPInvokeError()}");
        }
    }

    /// <summary>A packet that has left by the device, or null.</summary>
    public byte[]? TryReceive()
    {
        var buffer = stackalloc byte[65536];
        var length = Read((int)_handle.DangerousGetHandle(), buffer, 65536);
        return length > 0 ? new ReadOnlySpan<byte>(buffer, (int)length).ToArray() : null;
    }

    public void Dispose() => _handle.Dispose();

    /// <summary>struct ifreq.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 40)]
    private struct Request
    {
        public fixed byte Name[16];
        public ushort Flags;
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Control(int descriptor, nuint request, void* argument);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    private static partial nint Read(int descriptor, void* buffer, nuint length);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint Write(int descriptor, void* buffer, nuint length);
}
