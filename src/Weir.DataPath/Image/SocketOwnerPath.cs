using System.Runtime.InteropServices;

namespace Weir.DataPath.Image;

/// <summary>
/// The way from a packet to the owner of its socket, as byte offsets in the running kernel's structs. There is a helper for the user and none for the
/// group, and what the kernel's LOG prints are those of the process that opened the socket. 14 bytes.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
public struct SocketOwnerPath
{
    /// <summary>sk_buff.sk; 0: the way is not known.</summary>
    public ushort Socket;

    /// <summary>sock.__sk_common.skc_state.</summary>
    public ushort State;

    /// <summary>sock.sk_socket.</summary>
    public ushort Handle;

    /// <summary>socket.file.</summary>
    public ushort File;

    /// <summary>file.f_cred.</summary>
    public ushort Credentials;

    /// <summary>cred.fsuid.</summary>
    public ushort User;

    /// <summary>cred.fsgid.</summary>
    public ushort Group;
}
