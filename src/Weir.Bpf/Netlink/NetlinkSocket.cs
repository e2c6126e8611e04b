using System.Buffers.Binary;
using Weir.Bpf.Kernel;

namespace Weir.Bpf.Netlink;

/// <summary>A netlink socket of the network namespace in which it was made, and the exchange of messages over it (RFC 3549). Not thread-safe.</summary>
public abstract unsafe class NetlinkSocket : IDisposable
{
    private protected const ushort Request = 1, Acknowledge = 4, Dump = 0x300, Replace = 0x100, Exclusive = 0x200, Create = 0x400;
    private const ushort Error = 2, Done = 3;
    private const int NetlinkFamily = 16, Raw = 3, CloseOnExec = 0x80000;

    private uint _sequence;

    private protected NetlinkSocket(int protocol, uint groups)
    {
        Descriptor = new Descriptor(Libc.Socket(NetlinkFamily, Raw | CloseOnExec, protocol));
        if (Descriptor.IsInvalid) throw new BpfException("open a netlink socket", Libc.LastError);
        using var use = Descriptor.Use();
        var address = stackalloc uint[3] { NetlinkFamily, 0, groups };
        if (Libc.Bind(use.Value, address, 12) != 0)
        {
            var errno = Libc.LastError;
            Descriptor.Dispose();
            throw new BpfException("bind a netlink socket", errno);
        }
    }

    private protected delegate void MessageHandler(ushort type, ReadOnlySpan<byte> body);

    /// <summary>For a <see cref="Poller"/>.</summary>
    public Descriptor Descriptor { get; }

    private protected byte[] Buffer { get; } = new byte[1 << 16];

    /// <inheritdoc/>
    public void Dispose()
    {
        Descriptor.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected MessageWriter Begin(ushort type, ushort flags) => Begin(new byte[1024], type, flags);

    private protected MessageWriter Begin(Span<byte> buffer, ushort type, ushort flags) => new(buffer, type, (ushort)(Request | flags), ++_sequence);

    /// <summary>Sends a request and reads its answers until the acknowledgement (or the end of the dump).</summary>
    private protected Errno TryExchange(ReadOnlySpan<byte> request, MessageHandler? handler)
    {
        using var use = Descriptor.Use();
        fixed (byte* pointer = request)
        {
            if (Libc.Send(use.Value, pointer, (nuint)request.Length, 0) < 0) return Libc.LastError;
        }
        while (true)
        {
            nint length;
            fixed (byte* pointer = Buffer) length = Libc.Receive(use.Value, pointer, (nuint)Buffer.Length, 0);
            if (length < 0)
            {
                var errno = Libc.LastError;
                if (errno == Errno.EINTR) continue;
                return errno;
            }
            for (var rest = Buffer.AsSpan(0, (int)length); TryMessage(ref rest, out var type, out var body);)
            {
                if (type == Done) return Errno.None;
                if (type == Error) return (Errno)(-BinaryPrimitives.ReadInt32LittleEndian(body));
                handler?.Invoke(type, body);
            }
        }
    }

    private protected void Exchange(string operation, ReadOnlySpan<byte> request, MessageHandler? handler = null)
    {
        var errno = TryExchange(request, handler);
        if (errno != Errno.None) throw new BpfException(operation, errno);
    }

    /// <summary>
    /// Sends requests in one go and reads what becomes of each. The kernel goes on after one that it refuses.
    /// </summary>
    /// <param name="operation">What a failure of the socket itself is called.</param>
    /// <param name="requests">The last requests that were begun, with the acknowledgement flag, one behind the other.</param>
    /// <param name="answers">One for each. The acknowledgements wait in the socket's buffer, so there should not be many more than a hundred.</param>
    private protected void ExchangeBatch(string operation, ReadOnlySpan<byte> requests, Span<Errno> answers)
    {
        var first = _sequence - (uint)answers.Length + 1;
        using var use = Descriptor.Use();
        fixed (byte* pointer = requests)
        {
            if (Libc.Send(use.Value, pointer, (nuint)requests.Length, 0) < 0) throw new BpfException(operation, Libc.LastError);
        }
        for (var left = answers.Length; left > 0;)
        {
            nint length;
            fixed (byte* pointer = Buffer) length = Libc.Receive(use.Value, pointer, (nuint)Buffer.Length, 0);
            if (length < 0)
            {
                var errno = Libc.LastError;
                if (errno == Errno.EINTR) continue;
                throw new BpfException(operation, errno);
            }
            for (var rest = Buffer.AsSpan(0, (int)length); rest.Length >= 16;)
            {
                var place = BinaryPrimitives.ReadUInt32LittleEndian(rest[8..]) - first;
                if (!TryMessage(ref rest, out var type, out var body)) break;
                if (type != Error || place >= (uint)answers.Length) continue;
                answers[(int)place] = (Errno)(-BinaryPrimitives.ReadInt32LittleEndian(body));
                left--;
            }
        }
    }

    private protected static bool TryMessage(ref Span<byte> rest, out ushort type, out ReadOnlySpan<byte> body)
    {
        type = 0;
        body = default;
        if (rest.Length < 16) return false;
        var length = BinaryPrimitives.ReadInt32LittleEndian(rest);
        if (length < 16 || length > rest.Length) return false;
        type = BinaryPrimitives.ReadUInt16LittleEndian(rest[4..]);
        body = rest[16..length];
        rest = rest[Math.Min((length + 3) & ~3, rest.Length)..];
        return true;
    }
}
