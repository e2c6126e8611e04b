using System.Text;
using Weir.Iptables.Editing;

namespace Weir.Iptables.Extensions;

/// <summary>An extension with the type of its record.</summary>
internal abstract class Extension<T> : Extension
    where T : class
{
    /// <inheritdoc/>
    public sealed override Type Record => typeof(T);

    /// <inheritdoc/>
    public sealed override object Start(RuleDraft rule) => Initial(rule);

    /// <inheritdoc/>
    public sealed override object Parse(object record, OptionCall call) => Parse((T)record, call);

    /// <inheritdoc/>
    public sealed override object Finish(object record, uint used) => Finish((T)record, used);

    /// <inheritdoc/>
    public sealed override void List(object record, ListContext context) => List((T)record, context);

    /// <inheritdoc/>
    public sealed override void Save(object record, StringBuilder output) => Save((T)record, output);

    /// <inheritdoc/>
    public sealed override Errno Check(object record, KernelContext context) => Check((T)record, context);

    /// <inheritdoc/>
    public sealed override void Encode(object record, FieldWriter fields) => Encode((T)record, fields);

    /// <inheritdoc/>
    public sealed override object Decode(ref FieldReader fields) => DecodeRecord(ref fields);

    protected abstract T Initial(RuleDraft rule);

    protected abstract T Parse(T record, OptionCall call);

    protected virtual T Finish(T record, uint used) => record;

    protected abstract void List(T record, ListContext context);

    protected abstract void Save(T record, StringBuilder output);

    protected virtual Errno Check(T record, KernelContext context) => Errno.None;

    protected abstract void Encode(T record, FieldWriter fields);

    protected abstract T DecodeRecord(ref FieldReader fields);
}
