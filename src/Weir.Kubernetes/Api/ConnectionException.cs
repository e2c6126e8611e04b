namespace Weir.Kubernetes.Api;

/// <summary>A kubeconfig, or an environment, that does not say how the API server is reached.</summary>
public sealed class ConnectionException(string message, Exception? cause = null) : Exception(message, cause);
