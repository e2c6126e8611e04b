namespace Weir.Bpf.Instructions;

/// <summary>Atomic read-modify-write (the immediate of an atomic store). With fetch, the source register receives the old value.</summary>
public enum AtomicOperation
{
    Add = 0x00,
    Or = 0x40,
    And = 0x50,
    Xor = 0xa0,
    FetchAdd = 0x01,
    FetchOr = 0x41,
    FetchAnd = 0x51,
    FetchXor = 0xa1,
    Exchange = 0xe1,
    /// <summary>Compares with R0, which receives the old value.</summary>
    CompareExchange = 0xf1,
}
