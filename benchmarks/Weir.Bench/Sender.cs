using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;
using System.Runtime.InteropServices;

namespace Weir.Bench;

/// <summary>
/// Sends 60-byte UDP frames straight into a device: <c>send DEVICE DESTINATION-MAC SOURCE DESTINATION SOURCE-PORTS DESTINATION-PORT COUNT</c>, where
/// SOURCE-PORTS is one port or FIRST-LAST, taken in turn (a new flow a packet). Prints packets and nanoseconds.
/// </summary>
internal static unsafe class Sender
{
    private const int FrameLength = 60;
    private const int Batch = 32;

    public static int Run(string[] arguments)
    {
        var device = arguments[0];
        var ports = arguments[4].Split('-').Select(p => ushort.Parse(p, CultureInfo.InvariantCulture)).ToArray();
        var count = int.Parse(arguments[6], CultureInfo.InvariantCulture);
        var socket = Interop.Socket(Interop.AddressFamilyPacket, Interop.SocketRaw, 0);
        var address = new Interop.PacketAddress { Family = Interop.AddressFamilyPacket, IfIndex = (int)Interop.InterfaceIndex(device) };
        if (socket < 0 || address.IfIndex == 0 || Interop.Bind(socket, &address, sizeof(Interop.PacketAddress)) != 0)
        {
            Console.Error.WriteLine($"send: cannot open {device}: errno {Marshal.GetLastPInvokeError()}");
            return 1;
        }
        int one = 1;
        _ = Interop.SetSocketOption(socket, Interop.SolPacket, Interop.PacketQdiscBypass, &one, 4);

        var frames = (byte*)NativeMemory.AllocZeroed(Batch * FrameLength);
        var messages = (Interop.MultiMessage*)NativeMemory.AllocZeroed(Batch, (nuint)sizeof(Interop.MultiMessage));
        var vectors = (Interop.IoVector*)NativeMemory.AllocZeroed(Batch, (nuint)sizeof(Interop.IoVector));
        for (var i = 0; i < Batch; i++)
        {
            var frame = new Span<byte>(frames + i * FrameLength, FrameLength);
            Build(frame, device, arguments[1], IPAddress.Parse(arguments[2]), IPAddress.Parse(arguments[3]), ports[0],
                ushort.Parse(arguments[5], CultureInfo.InvariantCulture));
            vectors[i] = new Interop.IoVector { Base = frames + i * FrameLength, Length = FrameLength };
            messages[i].Header = new Interop.MessageHeader { Vectors = vectors + i, VectorCount = 1 };
        }

        var span = ports.Length > 1 ? ports[1] - ports[0] + 1 : 1;
        var port = 0;
        var start = Interop.Now();
        for (var sent = 0; sent < count;)
        {
            var batch = Math.Min(Batch, count - sent);
            if (span > 1)
            {
                for (var i = 0; i < batch; i++)
                {
                    BinaryPrimitives.WriteUInt16BigEndian(new Span<byte>(frames + i * FrameLength + 34, 2), (ushort)(ports[0] + port));
                    port = port + 1 == span ? 0 : port + 1;
                }
            }
            var done = Interop.SendMultiple(socket, messages, (uint)batch, 0);
            if (done > 0) sent += done;
        }
        Console.WriteLine($"{count} {Interop.Now() - start}");
        return 0;
    }

    private static void Build(Span<byte> frame, string device, string destinationMac, IPAddress source, IPAddress destination, ushort sourcePort, ushort destinationPort)
    {
        PhysicalAddress.Parse(destinationMac).GetAddressBytes().CopyTo(frame);
        PhysicalAddress.Parse(File.ReadAllText($"/sys/class/net/{device}/address").Trim()).GetAddressBytes().CopyTo(frame[6..]);
        BinaryPrimitives.WriteUInt16BigEndian(frame[12..], 0x0800);
        var ip = frame[14..];
        ip[0] = 0x45;
        BinaryPrimitives.WriteUInt16BigEndian(ip[2..], FrameLength - 14);
        ip[8] = 64;
        ip[9] = 17;
        source.TryWriteBytes(ip[12..], out _);
        destination.TryWriteBytes(ip[16..], out _);
        BinaryPrimitives.WriteUInt16BigEndian(ip[10..], Checksum(ip[..20]));
        BinaryPrimitives.WriteUInt16BigEndian(ip[20..], sourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(ip[22..], destinationPort);
        BinaryPrimitives.WriteUInt16BigEndian(ip[24..], FrameLength - 34);
    }

    private static ushort Checksum(ReadOnlySpan<byte> header)
    {
        var sum = 0u;
        for (var i = 0; i < header.Length; i += 2) sum += BinaryPrimitives.ReadUInt16BigEndian(header[i..]);
        while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
        return (ushort)~sum;
    }
}
