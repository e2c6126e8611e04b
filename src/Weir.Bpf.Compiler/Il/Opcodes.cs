using Mono.Cecil.Cil;

namespace Weir.Bpf.Compiler.Il;

/// <summary>What the short forms of opcodes mean.</summary>
internal static class Opcodes
{
    /// <summary>The 32-bit constant that the instruction pushes, or null.</summary>
    public static int? ConstantOf(Instruction instruction) => instruction.OpCode.Code switch
    {
        Code.Ldc_I4 => (int)instruction.Operand,
        Code.Ldc_I4_S => (sbyte)instruction.Operand,
        Code.Ldc_I4_M1 => -1,
        >= Code.Ldc_I4_0 and <= Code.Ldc_I4_8 => instruction.OpCode.Code - Code.Ldc_I4_0,
        _ => null,
    };

    /// <summary>The number of the local that it loads, stores or takes the address of, or -1.</summary>
    public static int LocalOf(Instruction instruction) => instruction.OpCode.Code switch
    {
        >= Code.Ldloc_0 and <= Code.Ldloc_3 => instruction.OpCode.Code - Code.Ldloc_0,
        >= Code.Stloc_0 and <= Code.Stloc_3 => instruction.OpCode.Code - Code.Stloc_0,
        Code.Ldloc or Code.Ldloc_S or Code.Stloc or Code.Stloc_S or Code.Ldloca or Code.Ldloca_S => ((VariableDefinition)instruction.Operand).Index,
        _ => -1,
    };

    /// <summary>The number of the argument (<c>this</c> is 0) that it loads, stores or takes the address of, or -1.</summary>
    public static int ArgumentOf(Instruction instruction, bool hasThis)
    {
        switch (instruction.OpCode.Code)
        {
            case >= Code.Ldarg_0 and <= Code.Ldarg_3:
                return instruction.OpCode.Code - Code.Ldarg_0;
            case Code.Ldarg or Code.Ldarg_S or Code.Starg or Code.Starg_S or Code.Ldarga or Code.Ldarga_S:
                var parameter = (Mono.Cecil.ParameterDefinition)instruction.Operand;
                return parameter.Index < 0 ? 0 : parameter.Index + (hasThis ? 1 : 0);
            default:
                return -1;
        }
    }

    public static bool IsLoad(Code code) => code is (>= Code.Ldarg_0 and <= Code.Ldloc_3) or Code.Ldarg or Code.Ldarg_S or Code.Ldloc or Code.Ldloc_S;

    public static bool IsStore(Code code) => code is (>= Code.Stloc_0 and <= Code.Stloc_3) or Code.Stloc or Code.Stloc_S or Code.Starg or Code.Starg_S;

    public static bool IsAddress(Code code) => code is Code.Ldloca or Code.Ldloca_S or Code.Ldarga or Code.Ldarga_S;

    /// <summary>Whether it ends a block and goes on elsewhere.</summary>
    public static bool EndsBlock(Instruction instruction) =>
        instruction.OpCode.FlowControl is FlowControl.Branch or FlowControl.Cond_Branch or FlowControl.Return or FlowControl.Throw;
}
