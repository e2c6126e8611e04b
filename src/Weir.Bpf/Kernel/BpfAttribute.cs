using System.Runtime.InteropServices;

namespace Weir.Bpf.Kernel;

/// <summary>
/// The argument of bpf(2), union bpf_attr (include/uapi/linux/bpf.h), one view for each group of commands. A kernel that knows fewer bytes accepts
/// those that it does not know as long as they are zero.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = 152)]
internal unsafe struct BpfAttribute
{
    [FieldOffset(0)] public MapCreateView MapCreate;
    [FieldOffset(0)] public ElementView Element;
    [FieldOffset(0)] public BatchView Batch;
    [FieldOffset(0)] public ProgramLoadView ProgramLoad;
    [FieldOffset(0)] public PinView Pin;
    [FieldOffset(0)] public TestRunView TestRun;
    [FieldOffset(0)] public IdView Id;
    [FieldOffset(0)] public InfoView Info;
    [FieldOffset(0)] public BtfLoadView BtfLoad;
    [FieldOffset(0)] public LinkCreateView LinkCreate;
    [FieldOffset(0)] public LinkUpdateView LinkUpdate;
    [FieldOffset(0)] public QueryView Query;

    public struct MapCreateView
    {
        public uint Kind, KeySize, ValueSize, MaxEntries, Flags;
        public int InnerMap;
        public uint NumaNode;
        public fixed byte Name[16];
        public uint IfIndex;
        public int Btf;
        public uint KeyTypeId, ValueTypeId, KernelValueTypeId;
        public ulong Extra;
    }

    public struct ElementView
    {
        public int Map;
        public void* Key;
        /// <summary>Also the next key.</summary>
        public void* Value;
        public ulong Flags;
    }

    public struct BatchView
    {
        public void* In;
        public void* Out;
        public void* Keys;
        public void* Values;
        public uint Count;
        public int Map;
        public ulong ElementFlags, Flags;
    }

    public struct ProgramLoadView
    {
        public uint Kind, InstructionCount;
        public void* Instructions;
        public void* License;
        public uint LogLevel, LogSize;
        public void* Log;
        public uint KernelVersion, Flags;
        public fixed byte Name[16];
        public uint IfIndex, ExpectedAttachType;
        public int Btf;
        public uint FunctionInfoSize;
        public void* FunctionInfo;
        public uint FunctionInfoCount, LineInfoSize;
        public void* LineInfo;
        public uint LineInfoCount;
    }

    public struct PinView
    {
        public void* Path;
        public int Object;
        public uint Flags;
    }

    public struct TestRunView
    {
        public int Program;
        public uint Result, DataSizeIn, DataSizeOut;
        public void* DataIn;
        public void* DataOut;
        public uint Repeat, Duration, ContextSizeIn, ContextSizeOut;
        public void* ContextIn;
        public void* ContextOut;
    }

    public struct IdView
    {
        public uint Id, NextId, OpenFlags;
    }

    public struct InfoView
    {
        public int Object;
        public uint Length;
        public void* Info;
    }

    public struct BtfLoadView
    {
        public void* Btf;
        public void* Log;
        public uint Size, LogSize, LogLevel;
    }

    public struct LinkCreateView
    {
        public int Program;
        /// <summary>A descriptor or a device's index.</summary>
        public uint Target;
        public uint AttachType, Flags;
        /// <summary>TCX: the program or link before or after which this one goes; netfilter: protocol family.</summary>
        public uint Relative;
        /// <summary>Netfilter: hook.</summary>
        public uint Hook;
        /// <summary>Netfilter: priority. TCX has its expected revision (u64) here, which stays 0.</summary>
        public int Priority;
        public uint NetfilterFlags;
    }

    public struct LinkUpdateView
    {
        public int Link, Program;
        public uint Flags;
        public int OldProgram;
    }

    public struct QueryView
    {
        public uint Target, AttachType, Flags, AttachFlags;
        public void* ProgramIds;
        public uint Count;
        private readonly uint _padding;
        public void* ProgramFlags;
        public void* LinkIds;
        public void* LinkFlags;
        public ulong Revision;
    }
}
