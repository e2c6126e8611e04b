namespace Weir.Model.Rules;

/// <summary>A rule set as text that says everything, slots and counters too; what is encoded decodes to an equal rule set.</summary>
public interface IRulesetCodec
{
    /// <summary>Writes the rule set.</summary>
    void Encode(Ruleset ruleset, TextWriter output);

    /// <summary>Reads what <see cref="Encode"/> wrote; on damaged text false, and what is wrong where.</summary>
    bool TryDecode(TextReader input, out Ruleset? ruleset, out string error);

    /// <summary>Where an edit takes place in such a text (UTF-8); null where it cannot, or the table is not in use.</summary>
    RulePlace? Find(ReadOnlySpan<byte> text, RuleEdit edit);

    /// <summary>What an edit changes in the text: the rule comes (its slot and counters given), or the line at the place goes where that is null.</summary>
    TextPatch Edit(ReadOnlySpan<byte> text, RulePlace place, Rule? rule);
}
