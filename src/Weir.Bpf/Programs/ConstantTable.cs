using System.Runtime.InteropServices;

namespace Weir.Bpf.Programs;

/// <summary>
/// A table of constants in read-only data: <c>static readonly ConstantTable&lt;byte&gt; T = new([1, 2, 3])</c>. The compiler reads the array literal.
/// </summary>
public sealed class ConstantTable<T>(T[] values)
    where T : unmanaged
{
    /// <summary>The element; past the end, zero.</summary>
    public T At(uint index) => index < (uint)values.Length ? values[index] : default;
}

/// <summary>
/// One value in frozen read-only data that the loader fills before the verifier sees the program, so that branches on it which are not taken are
/// removed: BPF_MAP_TYPE_ARRAY of one element, read by direct address. One field per struct type.
/// </summary>
[MapType(2)]
public sealed unsafe class Constants<T>() : Map(1, MapFlags.ReadOnlyProgram)
    where T : unmanaged
{
    private T* _value;

    /// <summary>The value. Never null; programs must not write to it.</summary>
    public T* Value
    {
        get
        {
            if (_value == null) _value = (T*)NativeMemory.AllocZeroed((nuint)sizeof(T));
            return _value;
        }
    }

    /// <inheritdoc/>
    public override void Clear()
    {
        NativeMemory.Free(_value);
        _value = null;
    }
}
