namespace Weir.Model.Rules;

/// <summary>
/// The name of a device as -i and -o take it. A last <c>+</c> stands for any rest (<c>+</c> alone for any device);
/// <see cref="Any"/> (the empty text) is no condition at all.
/// </summary>
public readonly record struct InterfacePattern(string Text)
{
    /// <summary>The longest text, in bytes (IFNAMSIZ without its zero).</summary>
    public const int MaxLength = 15;

    /// <summary>No condition.</summary>
    public static InterfacePattern Any => new("");

    /// <summary>The pattern, never null.</summary>
    public string Text { get; } = Text;

    /// <summary>Whether there is no condition, so that not even an inversion counts.</summary>
    public bool IsAny => string.IsNullOrEmpty(Text);

    /// <summary>Whether the name is a prefix.</summary>
    public bool IsWildcard => Text is { Length: > 0 } && Text[^1] == '+';

    /// <summary>The name without the <c>+</c>: the whole name, or the prefix of a wildcard.</summary>
    public string Name => IsWildcard ? Text[..^1] : Text ?? "";

    /// <summary>Whether a device of this name matches.</summary>
    public bool Matches(string device) => IsAny || (IsWildcard ? device.StartsWith(Name, StringComparison.Ordinal) : device == Text);

    /// <inheritdoc/>
    public override string ToString() => Text ?? "";
}
