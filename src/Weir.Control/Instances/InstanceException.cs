namespace Weir.Control.Instances;

/// <summary>What is loaded in the kernel and this program do not go together; the message says what to do.</summary>
public sealed class InstanceException(string message) : Exception(message);
