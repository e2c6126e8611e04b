using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Weir.Bpf.Linux;

/// <summary>The network namespace of this process.</summary>
public static unsafe partial class NetworkNamespace
{
    private const int Unix = 1;
    private const int Datagram = 2;
    private const int CloseOnExec = 0x8_0000;
    private const int SocketLevel = 1;
    private const int CookieOption = 71;

    /// <summary>
    /// The namespace's cookie (SO_NETNS_COOKIE, Linux 5.14): unlike an inode number never used again while the host runs, and what
    /// bpf_get_netns_cookie gives to programs.
    /// </summary>
    /// <exception cref="Win32Exception">The kernel refused.</exception>
    public static ulong Cookie()
    {
        var socket = Socket(Unix, Datagram | CloseOnExec, 0);
        if (socket < 0) throw Failure("socket");
        try
        {
            ulong cookie;
            var length = sizeof(ulong);
            return GetOption(socket, SocketLevel, CookieOption, &cookie, &length) == 0 ? cookie : throw Failure("SO_NETNS_COOKIE");
        }
        finally
        {
            _ = Close(socket);
        }
    }

    private static Win32Exception Failure(string operation)
    {
        var error = Marshal.GetLastPInvokeError();
        return new(error, $"{operation}: {Marshal.GetPInvokeErrorMessage(error)}");
    }

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    private static partial int Socket(int domain, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "getsockopt", SetLastError = true)]
    private static partial int GetOption(int socket, int level, int option, void* value, int* length);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int descriptor);
}
