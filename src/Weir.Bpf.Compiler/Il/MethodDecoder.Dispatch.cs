using Mono.Cecil;
using Mono.Cecil.Cil;
using Weir.Bpf.Compiler.Ir;

namespace Weir.Bpf.Compiler.Il;

/// <summary>From opcodes to what decodes them.</summary>
internal sealed partial class MethodDecoder
{
    private void Decode(Instruction instruction)
    {
        if (Opcodes.ConstantOf(instruction) is { } constant)
        {
            Push(Ir.Constant(ValueType.I32, constant));
            return;
        }

        var code = instruction.OpCode.Code;
        if (Opcodes.LocalOf(instruction) is var local and >= 0)
        {
            DecodeHome(_locals[local], code);
            return;
        }

        if (Opcodes.ArgumentOf(instruction, _method.Definition.HasThis) is var argument and >= 0)
        {
            DecodeHome(_arguments[argument], code);
            return;
        }

        switch (code)
        {
            case Code.Nop or Code.Readonly or Code.Unaligned:
                break;
            case Code.Volatile:
                _isVolatile = true;
                break;
            case Code.Ldc_I8:
                Push(Ir.Constant(ValueType.I64, (long)instruction.Operand));
                break;
            case Code.Ldnull:
                Push(Ir.Constant(ValueType.Pointer, 0));
                break;
            case Code.Dup:
                var top = Pop();
                Push(top);
                Push(top);
                break;
            case Code.Pop:
                Pop();
                break;
            case Code.Sizeof:
                Push(Ir.Constant(ValueType.I32, Types.SizeOf(TypeOperand())));
                break;
            case Code.Add or Code.Sub or Code.Mul or Code.Div or Code.Div_Un or Code.Rem or Code.Rem_Un or Code.And or Code.Or or Code.Xor:
                Binary(code);
                break;
            case Code.Mul_Ovf_Un or Code.Mul_Ovf or Code.Add_Ovf or Code.Add_Ovf_Un:
                ConstantBinary(code);
                break;
            case Code.Shl or Code.Shr or Code.Shr_Un:
                Shift(code);
                break;
            case Code.Neg or Code.Not:
                Unary(code);
                break;
            case Code.Conv_I1 or Code.Conv_U1 or Code.Conv_I2 or Code.Conv_U2 or Code.Conv_I4 or Code.Conv_U4 or Code.Conv_I8 or Code.Conv_U8 or Code.Conv_I or Code.Conv_U:
                ConvertTo(code);
                break;
            case Code.Ceq or Code.Cgt or Code.Cgt_Un or Code.Clt or Code.Clt_Un:
                CompareTop(code);
                break;
            case Code.Br or Code.Br_S:
                Goto(_flow.Successors[0]);
                break;
            case Code.Brtrue or Code.Brtrue_S or Code.Brfalse or Code.Brfalse_S:
                BranchOnTruth(code is Code.Brtrue or Code.Brtrue_S);
                break;
            case >= Code.Beq_S and <= Code.Blt_Un_S:
                BranchOnComparison(code - Code.Beq_S);
                break;
            case >= Code.Beq and <= Code.Blt_Un:
                BranchOnComparison(code - Code.Beq);
                break;
            case Code.Switch:
                Switch();
                break;
            case Code.Ret:
                Return();
                break;
            case Code.Ldind_I1 or Code.Ldind_U1 or Code.Ldind_I2 or Code.Ldind_U2 or Code.Ldind_I4 or Code.Ldind_U4 or Code.Ldind_I8 or Code.Ldind_I or Code.Ldind_Ref:
                LoadIndirect(code);
                break;
            case Code.Stind_I1 or Code.Stind_I2 or Code.Stind_I4 or Code.Stind_I8 or Code.Stind_I or Code.Stind_Ref:
                StoreIndirect(code);
                break;
            case Code.Ldobj:
                Push(Load(TypeOperand(), Pop(), 0));
                break;
            case Code.Stobj:
                var stored = Pop();
                Store(TypeOperand(), Pop(), 0, stored);
                break;
            case Code.Cpobj:
                var from = Pop();
                Store(TypeOperand(), Pop(), 0, Load(TypeOperand(), from, 0));
                break;
            case Code.Initobj:
                InitializeObject();
                break;
            case Code.Cpblk:
                CopyBlock();
                break;
            case Code.Initblk:
                InitializeBlock();
                break;
            case Code.Localloc:
                AllocateOnStack();
                break;
            case Code.Ldfld:
                LoadField();
                break;
            case Code.Ldflda:
                LoadFieldAddress();
                break;
            case Code.Stfld:
                StoreField();
                break;
            case Code.Ldsfld:
                LoadStatic();
                break;
            case Code.Call or Code.Callvirt:
                Call((MethodReference)instruction.Operand);
                break;
            case Code.Newobj:
                NewStruct((MethodReference)instruction.Operand);
                break;
            case Code.Ldftn:
                FunctionPointer((MethodReference)instruction.Operand);
                break;
            case Code.Ldtoken when instruction.Operand is FieldReference:
                throw new Refusal("an initialiser of constants is not supported here (constants: ConstantTable<T>)");
            default:
                throw new Refusal(ReasonFor(code));
        }
    }

    private static string ReasonFor(Code code) => code switch
    {
        Code.Ldstr => "strings are not supported",
        Code.Newarr or Code.Ldlen or (>= Code.Ldelem_I1 and <= Code.Stelem_Ref) or Code.Ldelem_Any or Code.Stelem_Any or Code.Ldelema =>
            "arrays are not supported (constants: ConstantTable<T>; on the stack: fixed buffers and stackalloc)",
        Code.Box or Code.Unbox or Code.Unbox_Any => "boxing is not supported",
        Code.Throw or Code.Rethrow or Code.Leave or Code.Leave_S or Code.Endfinally or Code.Endfilter => "exceptions are not supported",
        Code.Calli => "calls through function pointers are not supported; helpers call back",
        Code.Ldvirtftn or Code.Constrained => "virtual calls are not supported",
        Code.Castclass or Code.Isinst => "type tests are not supported",
        Code.Ldsflda => "the address of a static field is not supported; state lives in maps",
        Code.Stsfld => "static fields cannot be written; state lives in maps",
        Code.Ldc_R4 or Code.Ldc_R8 or Code.Conv_R4 or Code.Conv_R8 or Code.Conv_R_Un or Code.Ckfinite or Code.Ldind_R4 or Code.Ldind_R8 => "floating point is not supported",
        >= Code.Conv_Ovf_I1_Un and <= Code.Conv_Ovf_U_Un => "checked arithmetic is not supported",
        >= Code.Conv_Ovf_I1 and <= Code.Conv_Ovf_U8 => "checked arithmetic is not supported",
        Code.Conv_Ovf_I or Code.Conv_Ovf_U or Code.Sub_Ovf or Code.Sub_Ovf_Un => "checked arithmetic is not supported",
        Code.Ldtoken or Code.Mkrefany or Code.Refanytype or Code.Refanyval => "reflection is not supported",
        _ => $"the instruction {code} is not supported",
    };
}
