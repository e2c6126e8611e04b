using System.Text;

namespace Weir.Bpf.Compiler.Tests.Programs;

/// <summary>A statement of a generated program, or anything else with a body.</summary>
/// <param name="Id">Its number, by which it can be left out; negative: it must stay.</param>
/// <param name="Head">Its text, up to the body.</param>
/// <param name="Body">What is in its braces.</param>
/// <param name="Else">What is in the braces after <c>else</c>.</param>
/// <param name="Tail">What follows its braces.</param>
internal sealed record Statement(int Id, string Head, List<Statement>? Body = null, List<Statement>? Else = null, string Tail = "")
{
    /// <summary>The numbers of all statements that can be left out.</summary>
    public IEnumerable<int> Ids => (Body ?? []).Concat(Else ?? []).SelectMany(s => s.Ids).Prepend(Id).Where(id => id >= 0);

    public string Print(IReadOnlySet<int>? without = null)
    {
        var text = new StringBuilder();
        Print(text, "", without ?? new HashSet<int>());
        return text.ToString();
    }

    private void Print(StringBuilder text, string indent, IReadOnlySet<int> without)
    {
        if (without.Contains(Id))
        {
            return;
        }

        if (Head.Length > 0)
        {
            text.Append(indent).Append(Head).Append('\n');
        }

        Print(Body, text, indent, without);
        if (Else is not null)
        {
            text.Append(indent).Append("else\n");
            Print(Else, text, indent, without);
        }

        if (Tail.Length > 0)
        {
            text.Append(indent).Append(Tail).Append('\n');
        }
    }

    private void Print(List<Statement>? body, StringBuilder text, string indent, IReadOnlySet<int> without)
    {
        if (body is null)
        {
            return;
        }

        // The statements of a case have no braces: nothing is declared twice in a switch all the same, names are used once.
        var isCase = Head.EndsWith(':');
        text.Append(isCase ? "" : $"{indent}{{\n");
        foreach (var statement in body)
        {
            statement.Print(text, indent + "    ", without);
        }

        text.Append(isCase ? "" : $"{indent}}}\n");
    }
}
