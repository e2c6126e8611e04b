using System.Buffers.Binary;
using Weir.Kernel.Tests.Networks;

namespace Weir.Kernel.Tests.Differential;

/// <summary>Makes up the next frame: openings of conversations, answers to what came out of the router, errors about it, and damage.</summary>
internal sealed class Conversation(Random random)
{
    private readonly List<(bool Left, byte[] Frame)> _arrived = [];
    private readonly List<(bool Left, byte[] Frame)> _sent = [];
    private ushort _id = 1;

    /// <summary>Remembers what came out, to be answered.</summary>
    public void Arrived(bool left, byte[] frame)
    {
        if (Frame.IsIPv4(frame)) _arrived.Add((left, frame));
    }

    public (bool Left, byte[] Frame) Next()
    {
        var next = Make();
        _sent.Add((next.Left, next.Frame.ToArray()));
        return next;
    }

    private (bool Left, byte[] Frame) Make()
    {
        var choice = random.Next(100);
        if (choice < 40 && _arrived.Count > 0)
        {
            var (left, frame) = _arrived[random.Next(Math.Max(0, _arrived.Count - 6), _arrived.Count)];
            if (Answer(left, frame) is { } answer) return (left, answer);
        }
        if (choice < 55 && _sent.Count > 0)
        {
            var (left, frame) = _sent[random.Next(Math.Max(0, _sent.Count - 8), _sent.Count)];
            return (left, Continue(frame));
        }
        if (choice < 62 && _arrived.Count > 0)
        {
            // An error about a packet that came out, from the host that it was for or from a router behind.
            var (left, frame) = _arrived[^1];
            var about = Frame.Packet(frame);
            if (Frame.Protocol(frame) is 6 or 17 && about.Length >= 28)
            {
                var type = Pick<byte>(3, 11);
                var from = random.Next(2) == 0 ? Frame.Destination(frame) : (left ? 0x0a010009u : 0x0a020009u);
                return (left, Wrap(left, from, Frame.Source(frame), 1, Frame.Icmp(type, type == 3 ? Pick<byte>(1, 3) : (byte)0, 0, about[..28])));
            }
        }
        return Open();
    }

    private T Pick<T>(params T[] values) => values[random.Next(values.Length)];

    private (bool Left, byte[] Frame) Open()
    {
        var left = random.Next(4) != 0;
        var source = (left ? 0x0a010000u : 0x0a020000u) + (uint)random.Next(2, 5);
        var destination = Pick(left ? 0x0a010001u : 0x0a020001u, left ? 0x0a020001u : 0x0a010001u, (left ? 0x0a020000u : 0x0a010000u) + (uint)random.Next(2, 5),
            (left ? 0x0a020000u : 0x0a010000u) + (uint)random.Next(2, 5));
        var sourcePort = (ushort)random.Next(1000, 1006);
        var destinationPort = Pick<ushort>(80, 53, 443, 1000);
        return (left, random.Next(10) switch
        {
            < 4 => Wrap(left, source, destination, 6, Frame.Tcp(sourcePort, destinationPort, Frame.Syn, 100, 0)),
            < 5 => Wrap(left, source, destination, 6, Frame.Tcp(sourcePort, destinationPort,
                Pick<byte>(Frame.Ack, Frame.Rst, Frame.Fin | Frame.Ack, Frame.Syn | Frame.Ack, 0, Frame.Syn | Frame.Fin, Frame.Rst | Frame.Ack), 100, 100, random.Next(3))),
            < 8 => Wrap(left, source, destination, 17, Frame.Udp(sourcePort, destinationPort, random.Next(1, 20))),
            < 9 => Wrap(left, source, destination, 1, Frame.Icmp(Pick<byte>(8, 8, 8, 0, 17), 0, (uint)random.Next(1, 4) << 16 | 1, [1, 2, 3, 4])),
            // GRE of version 0 and ESP: protocols without ports.
            _ => Wrap(left, source, destination, Pick<byte>(47, 50), [0, 0, 8, 0, 5, 6, 7, 8, 9, 10, 11, 12]),
        });
    }

    /// <summary>What the host that got this frame would answer.</summary>
    private byte[]? Answer(bool left, byte[] frame)
    {
        var segment = Frame.Segment(frame);
        var (source, destination) = (Frame.Destination(frame), Frame.Source(frame));
        switch (Frame.Protocol(frame))
        {
            case 6 when segment.Length >= 20:
                var flags = segment[13];
                var sequence = BinaryPrimitives.ReadUInt32BigEndian(segment[4..]);
                var acknowledgement = BinaryPrimitives.ReadUInt32BigEndian(segment[8..]);
                var (from, to) = (BinaryPrimitives.ReadUInt16BigEndian(segment[2..]), BinaryPrimitives.ReadUInt16BigEndian(segment));
                if ((flags & Frame.Rst) != 0) return null;
                var data = (uint)(segment.Length - 20) + ((flags & (Frame.Syn | Frame.Fin)) != 0 ? 1u : 0u);
                var answer = (flags & Frame.Syn) != 0 && (flags & Frame.Ack) == 0 ? Pick<byte>(Frame.Syn | Frame.Ack, Frame.Syn | Frame.Ack, Frame.Syn | Frame.Ack, Frame.Rst | Frame.Ack)
                    : (flags & Frame.Syn) != 0 ? Frame.Ack : Pick<byte>(Frame.Ack, Frame.Ack | Frame.Psh, Frame.Fin | Frame.Ack, Frame.Rst);
                return Wrap(left, source, destination, 6, Frame.Tcp(from, to, answer, (flags & Frame.Ack) != 0 ? acknowledgement : 500, sequence + data, answer == (Frame.Ack | Frame.Psh) ? 5 : 0));
            case 17 when segment.Length >= 8:
                return Wrap(left, source, destination, 17, Frame.Udp(BinaryPrimitives.ReadUInt16BigEndian(segment[2..]), BinaryPrimitives.ReadUInt16BigEndian(segment), 6));
            case 1 when segment.Length >= 8 && segment[0] == 8:
                return Wrap(left, source, destination, 1, Frame.Icmp(0, 0, BinaryPrimitives.ReadUInt32BigEndian(segment[4..]), segment[8..]));
            default:
                return null;
        }
    }

    /// <summary>The same sender goes on: repeats itself or, in TCP, acknowledges and sends.</summary>
    private byte[] Continue(byte[] frame)
    {
        var again = frame.ToArray();
        if (Frame.Protocol(frame) == 6 && Frame.Segment(frame).Length >= 20 && random.Next(3) > 0)
        {
            var segment = again.AsSpan(34);
            var flags = segment[13];
            BinaryPrimitives.WriteUInt32BigEndian(segment[4..], BinaryPrimitives.ReadUInt32BigEndian(segment[4..]) + ((flags & Frame.Syn) != 0 ? 1u : 0u));
            BinaryPrimitives.WriteUInt32BigEndian(segment[8..], 501);
            segment[13] = Pick<byte>(Frame.Ack, Frame.Ack, Frame.Ack | Frame.Psh, Frame.Ack | Frame.Fin, Frame.Rst | Frame.Ack);
            Frame.FixChecksums(again);
        }
        return again;
    }

    private byte[] Wrap(bool left, uint source, uint destination, byte protocol, ReadOnlySpan<byte> segment) =>
        Frame.Build(left ? Router.LeftRouterMac : Router.RightRouterMac, left ? Router.LeftHostMac : Router.RightHostMac, source, destination, protocol, segment, _id++);
}
