namespace Weir.Model.Rules;

/// <summary>A rule set as text that says everything, slots and counters too; what is encoded decodes to an equal rule set.</summary>
public interface IRulesetCodec
{
    /// <summary>Writes the rule set.</summary>
    void Encode(Ruleset ruleset, TextWriter output);

    /// <summary>Reads what <see cref="Encode"/> wrote; on damaged text false, and what is wrong where.</summary>
    bool TryDecode(TextReader input, out Ruleset? ruleset, out string error);
}
