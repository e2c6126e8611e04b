namespace Weir.Model.Rules.Matches;

/// <summary>comment: always matches.</summary>
public sealed record CommentMatch(string Comment) : Match
{
    /// <summary>The longest comment, in bytes.</summary>
    public const int MaxLength = 255;

    /// <inheritdoc/>
    public override string Name => "comment";
}
