using System.Runtime.InteropServices;
using System.Text;

namespace Weir.Bpf.Kernel;

/// <summary>The one place that makes the system call bpf(2).</summary>
internal static unsafe class BpfCall
{
    private static readonly nint s_number = RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 => 321,
        Architecture.Arm64 or Architecture.RiscV64 or Architecture.LoongArch64 => 280,
        var other => throw new PlatformNotSupportedException($"bpf(2) has no known number on {other}"),
    };

    /// <summary>Makes the call; <see cref="Errno.None"/> or the reason. The result is a descriptor, where the command makes one.</summary>
    public static Errno Try(BpfCommand command, ref BpfAttribute attribute, out int result)
    {
        fixed (BpfAttribute* pointer = &attribute)
        {
            while (true)
            {
                result = (int)Libc.SystemCall(s_number, (nint)command, pointer, sizeof(BpfAttribute));
                if (result >= 0) return Errno.None;
                var errno = Libc.LastError;
                // Loading gives EAGAIN when a signal interrupts the verifier; batches may give EINTR.
                if (errno == Errno.EINTR || (errno == Errno.EAGAIN && command == BpfCommand.ProgramLoad)) continue;
                return errno;
            }
        }
    }

    public static Errno Try(BpfCommand command, ref BpfAttribute attribute) => Try(command, ref attribute, out _);

    /// <summary>Makes a call that gives a descriptor.</summary>
    public static Errno TryOpen(BpfCommand command, ref BpfAttribute attribute, out Descriptor descriptor)
    {
        var errno = Try(command, ref attribute, out var result);
        descriptor = new Descriptor(errno == Errno.None ? result : -1);
        return errno;
    }

    public static Descriptor Open(string operation, BpfCommand command, ref BpfAttribute attribute)
    {
        var errno = TryOpen(command, ref attribute, out var descriptor);
        return errno == Errno.None ? descriptor : throw new BpfException(operation, errno);
    }

    public static void Do(string operation, BpfCommand command, ref BpfAttribute attribute)
    {
        var errno = Try(command, ref attribute, out _);
        if (errno != Errno.None) throw new BpfException(operation, errno);
    }

    /// <summary>Writes a name as the kernel takes it: at most 15 characters; what it does not allow becomes '_'.</summary>
    public static void WriteName(string name, byte* target)
    {
        for (var i = 0; i < Math.Min(name.Length, 15); i++)
        {
            var c = name[i];
            target[i] = char.IsAsciiLetterOrDigit(c) || c is '_' or '.' ? (byte)c : (byte)'_';
        }
    }

    public static string ReadName(byte* source)
    {
        var length = 0;
        while (length < 16 && source[length] != 0) length++;
        return Encoding.ASCII.GetString(source, length);
    }

    /// <summary>The information about an object; <typeparamref name="T"/> may be shorter or longer than the kernel's.</summary>
    public static T Info<T>(string operation, Descriptor descriptor)
        where T : unmanaged
    {
        var info = default(T);
        using var use = descriptor.Use();
        var attribute = default(BpfAttribute);
        attribute.Info = new() { Object = use.Value, Length = (uint)sizeof(T), Info = &info };
        Do(operation, BpfCommand.ObjectInfo, ref attribute);
        return info;
    }

    /// <summary>The ids of all objects of a kind.</summary>
    public static List<uint> Ids(BpfCommand nextId)
    {
        var result = new List<uint>();
        var attribute = default(BpfAttribute);
        while (true)
        {
            attribute.Id = new() { Id = attribute.Id.NextId };
            var errno = Try(nextId, ref attribute);
            if (errno == Errno.ENOENT) return result;
            if (errno != Errno.None) throw new BpfException("list ids", errno);
            result.Add(attribute.Id.NextId);
        }
    }
}
