using System.Runtime.InteropServices;

namespace Weir.Bpf.Kernel;

/// <summary>An operation that the kernel refused.</summary>
public class BpfException(string operation, Errno errno, string? message = null) : Exception(message ?? $"{operation}: {Describe(errno)} ({errno})")
{
    /// <summary>What was tried, with its object: <c>create map 'flows'</c>.</summary>
    public string Operation { get; } = operation;

    public Errno Errno { get; } = errno;

    private static string Describe(Errno errno) => Marshal.GetPInvokeErrorMessage((int)errno);
}
