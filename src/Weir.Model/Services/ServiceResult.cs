namespace Weir.Model;

/// <summary>The outcome of an operation on virtual services; nothing has changed unless it is <see cref="ServiceStatus.Done"/>.</summary>
/// <param name="Status">How it ended.</param>
/// <param name="Reason">What is not supported, for <see cref="ServiceStatus.NotSupported"/>: a phrase such as "the lblc scheduler".</param>
public readonly record struct ServiceResult(ServiceStatus Status, string? Reason = null)
{
    /// <summary>The operation was done.</summary>
    public static ServiceResult Done => default;

    /// <summary>Whether the operation was done.</summary>
    public bool IsDone => Status == ServiceStatus.Done;

    /// <summary>A result without a reason.</summary>
    public static implicit operator ServiceResult(ServiceStatus status) => new(status);

    /// <summary>A result without a reason.</summary>
    public static ServiceResult From(ServiceStatus status) => new(status);

    /// <summary>The data path cannot do what <paramref name="reason"/> names ("the lblc scheduler").</summary>
    public static ServiceResult NotSupported(string reason) => new(ServiceStatus.NotSupported, reason);
}
